"""Agent packages on disk: every path that is ours, and the archives that were downloaded."""
