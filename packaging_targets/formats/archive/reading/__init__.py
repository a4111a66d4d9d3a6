"""Reading archives that somebody else made: nothing is believed, and limits come first."""
