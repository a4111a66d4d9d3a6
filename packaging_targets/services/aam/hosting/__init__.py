"""What a server does for those who ask it: each verb decides whether it may be done, does it, and logs it."""
