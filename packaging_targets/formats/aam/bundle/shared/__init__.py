"""Files of a project that bundles share with people and with each other."""
