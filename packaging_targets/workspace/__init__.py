"""The repository becomes validated targets and rules."""
