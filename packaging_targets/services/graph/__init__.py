"""The target graph: opened, and drawn."""
