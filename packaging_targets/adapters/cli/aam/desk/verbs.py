"""The words `token`, `account`, `publisher`, `audit` and `import` behind `aam registry`."""

from __future__ import annotations

from typing import Any

from packaging_targets.adapters.cli.aam.desk.importing import add_import
from packaging_targets.adapters.cli.aam.desk.log import add_audit
from packaging_targets.adapters.cli.aam.desk.people import add_accounts, add_publishers
from packaging_targets.adapters.cli.aam.desk.tokens import add_tokens
from packaging_targets.adapters.cli.aam.telling import add_group


def add_desk(verbs: Any) -> None:
    """Add what operators do on the server to the verbs of `registry`."""
    add_tokens(add_group(verbs, "token", "make, list and revoke tokens, on the server"))
    add_accounts(add_group(verbs, "account", "make, list and remove names with passwords, on the server"))
    add_publishers(add_group(verbs, "publisher", "trust services that publish without a secret, on the server"))
    add_import(verbs)
    add_audit(add_group(verbs, "audit", "read and check the log, on the server"))
