"""Publishing: what was made goes to a registry, and a report says what became of each artifact.

    offers ──▶ features ──▶ packed ──▶ report

`offers` is the verb for targets with a `publish` field, `features` the one for folders of packed features.
"""
