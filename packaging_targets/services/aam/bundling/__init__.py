"""From a package to bundles: what it depends on is found, and all of it compiled for platforms."""
