"""Where artifacts live: what talks to registries."""
