"""The `packaging` command."""
