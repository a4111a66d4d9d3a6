"""The query language over the target graph."""
