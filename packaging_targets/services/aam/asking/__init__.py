"""Questions about what is installed, and about what registries have: nothing is changed."""
