"""Identity tokens of other people's providers: whose keys sign them, and what has to be true of one."""
