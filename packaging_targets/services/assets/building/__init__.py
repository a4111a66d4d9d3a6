"""What makes the outputs under `build/`."""
