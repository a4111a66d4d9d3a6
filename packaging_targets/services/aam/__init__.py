"""What `aam` does with agent packages: one verb a module."""
