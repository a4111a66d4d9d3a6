"""Values to bytes, reproducible: each writes to a stream that it is given."""
