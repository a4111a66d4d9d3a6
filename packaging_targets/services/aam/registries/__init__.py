"""What is done to registries: publishing, tags, yanks; and bringing one in order, verifying and copying it."""
