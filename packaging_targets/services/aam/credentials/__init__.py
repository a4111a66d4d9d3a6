"""Which secret a registry is to see: `finding` looks for it, `keeping` keeps it, `signing_in` gets it."""
