"""What no package should carry: characters that people do not see and agents read, and secrets."""
