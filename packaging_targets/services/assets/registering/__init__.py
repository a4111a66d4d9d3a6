"""What changes the registry: which folders are assets, and which of them are built."""
