"""Where each platform wants what, and how it wants it: a module a platform."""
