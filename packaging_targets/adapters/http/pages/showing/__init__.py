"""From what a registry knows to what a page shows: pure functions, and values that templates read."""
