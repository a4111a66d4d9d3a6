"""What lies in a server's store as a whole: sweeping it, and filling it from another registry."""
