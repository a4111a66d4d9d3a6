"""Where archives lie that no registry's folder has: an object store, or a folder."""
