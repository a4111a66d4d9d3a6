"""What is said about an artifact beside its bytes: what is in it, and how it was made."""
