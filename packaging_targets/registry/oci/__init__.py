"""Registries of the OCI Distribution API, version 2, as a client sees them.

    client ──▶ upload ──▶ auth ──▶ transport (urllib3)
                            └──▶ credentials

`reference` names things, `transport` carries one request and repeats it where that is safe, `auth` adds what a registry
wants to see, `upload` brings a blob there whole, `client` is what the rest of the program uses.
"""
