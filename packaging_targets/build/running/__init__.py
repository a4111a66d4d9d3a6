"""Running actions: one, and many beside each other."""
