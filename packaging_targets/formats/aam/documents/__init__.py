"""The three documents of a registry as bytes, and how what they say changes."""
