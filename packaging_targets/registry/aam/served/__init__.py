"""Registries as a server holds them."""
