"""Registries of agent packages: one Protocol, and the kinds that there are of it."""
