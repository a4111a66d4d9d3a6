"""Semantic versions, and ranges of them."""
