"""What people look at in an archive before they install it."""
