"""What changes nothing: what there is, and what is wrong with it."""
