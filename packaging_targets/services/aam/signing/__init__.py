"""Signing what is published, and verifying who has signed, against a trust root that the user names.

    archive ──statement──▶ sign ──▶ bundle ──▶ registry ──▶ verify ──▶ signer
                            └ whom to ask: a trust configuration  └ what to believe: a trusted root

All cryptography is that of the library `sigstore`, which is imported when it is needed. Nothing is asked of any network
in order to verify, and the library's own trust root is never fetched.
"""
