"""Planning: from what changed on disk to the actions that may have to run."""
