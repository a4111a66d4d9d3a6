"""What comes in and goes out: bodies, types, entity tags, parts of files, errors."""
