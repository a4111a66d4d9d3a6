"""Archives of many files: tar and zip, and how they are compressed."""
