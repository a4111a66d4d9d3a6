"""From an environment to a host: what is configured, where things lie, and opening them."""
