"""Registries of the OCI Distribution API, version 2, as a client sees them.

    client ──▶ upload ──▶ auth ──▶ registry/http
                            └──▶ credentials

`reference` names things, `auth` adds what a registry wants to see, `upload` brings a blob there
whole, `client` is what the rest of the program uses.
"""
