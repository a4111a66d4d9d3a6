"""The kind of registry that is a server, as a client sees it: `docs/uaaps/http.md` is what both hold to.

    registry ──▶ sending ──▶ access ──▶ registry/http (urllib3)
       └──▶ answers, refusals

`address` is where a registry is, `access` adds who asks, `answers` and `refusals` read what comes back, `knowing` keeps
what was told of packages, `sending` publishes; `login/` is how somebody comes to a token.
"""
