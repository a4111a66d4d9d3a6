"""Bodies that come and go in pieces or under limits: JSON, forms, archives."""
