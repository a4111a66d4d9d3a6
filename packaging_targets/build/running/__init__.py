"""Running actions: one, many beside each other, and ahead of their turn."""
