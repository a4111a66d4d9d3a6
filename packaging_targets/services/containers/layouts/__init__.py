"""Images in OCI layouts, which builds make: looked at, and handed to engines."""
