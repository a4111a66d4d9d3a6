"""What an answer is made of: types, entity tags, ranges, errors, and bytes that are kept for the next one."""
