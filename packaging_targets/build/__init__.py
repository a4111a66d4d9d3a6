"""Targets become actions, actions become outputs."""
