"""The words `token` and `approvals`, for people who are signed in to a registry on a server."""
