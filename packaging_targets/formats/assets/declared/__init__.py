"""What people and tools write about assets, as values: `asset.json` and the registry, and what is wrong with them."""
