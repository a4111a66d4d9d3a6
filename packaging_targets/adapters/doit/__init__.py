"""What doit sees."""
