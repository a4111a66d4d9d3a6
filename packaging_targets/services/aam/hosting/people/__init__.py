"""Who asks, with what, and what they may: verbs about tokens, trusted publishers, passwords and sessions."""
