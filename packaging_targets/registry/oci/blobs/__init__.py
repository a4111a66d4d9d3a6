"""The ways of blobs: into a repository, and out of it."""
