"""The way of blobs into a repository."""
