"""What is done to a project, and asked of it: installing, questions, the configuration."""
