"""What containers are built from: Dockerfiles, and the index of them."""
