"""What is wrong with a package before it is one: its manifest, its files, and what platforms would make of it."""
