"""What things are: values only, without any effect."""
