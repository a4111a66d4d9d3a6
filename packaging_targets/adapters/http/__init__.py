"""The registry's server: HTTP in, verbs of `services/aam/hosting` called, answers out."""
