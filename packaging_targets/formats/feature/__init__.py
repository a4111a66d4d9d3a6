"""Dev Container Features: what a folder has to hold, and what an archive holds."""
