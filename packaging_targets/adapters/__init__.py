"""Thin: translate in, translate out."""
