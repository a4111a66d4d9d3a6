"""What people do at the desk of a registry on a server, with the credentials that they have signed in with."""
