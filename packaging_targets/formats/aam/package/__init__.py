"""One package: its manifest checked, its files chosen, scanned and packed, and archives of it read again."""
