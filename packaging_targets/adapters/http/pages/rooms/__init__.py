"""What each page does: one function for each, from a visit to an answer."""
