"""Who may do what on a server, what waits for approval, and the log of all that was done."""
