"""The list in a database, kept in step with the folder whose packages it lists."""
