"""Action kinds that make images, and what is said about them."""
