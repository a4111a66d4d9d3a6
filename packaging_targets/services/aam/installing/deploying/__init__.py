"""Bundles that go into a project, and come out of it again."""
