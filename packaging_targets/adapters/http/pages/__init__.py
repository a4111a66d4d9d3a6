"""Pages for people: what a registry holds, and what to decide there; they work without scripts."""
