"""The verbs that change what is declared: `add-*`, `adopt` and `remove`. Each prepares a change, and makes none."""
