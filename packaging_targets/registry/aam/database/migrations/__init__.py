"""How the tables came to be as they are: one revision after another, which Alembic applies."""
