"""Verbs for those who write packages: to begin one, to check it, to pack it."""
