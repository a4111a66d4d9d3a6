"""OCI manifests."""
