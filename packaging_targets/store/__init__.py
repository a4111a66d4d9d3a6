"""Bytes on disk: content-addressed, atomic."""
