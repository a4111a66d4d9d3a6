"""Registries of the OCI Distribution API, version 2, as a client sees them.

    client ──▶ upload ──▶ session ──▶ transport (urllib3)
                             └──▶ auth ──▶ credentials

`reference` names things, `transport` carries one request and repeats it where that is safe, `session` adds
authorization, `upload` brings a blob there whole, `client` is what the rest of the program uses.
"""
