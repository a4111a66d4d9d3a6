"""Bundles: a package and all that it depends on, in the files of one platform."""
