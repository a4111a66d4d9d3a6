"""Registries in folders: no server, one lock for those who write and none for those who read."""
