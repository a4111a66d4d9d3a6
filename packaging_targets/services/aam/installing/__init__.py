"""Installing agent packages into a project: all of it or nothing."""
