"""What a registry on a server is told and asked at its desk: who somebody is, their tokens, what waits for approval."""
