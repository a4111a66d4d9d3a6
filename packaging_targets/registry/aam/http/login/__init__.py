"""How somebody comes to a token of a registry: by what the registry gives out, or by a provider of identities.

browser ──▶ issuer, landing        a person signs in, and their identity token is exchanged
"""
