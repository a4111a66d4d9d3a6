"""What operators see of a running server: a log in JSON, and metrics."""
