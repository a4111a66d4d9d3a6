"""The section `signatures` of a configuration: who has to have signed which packages, and what is believed.

    signatures:
      trust_root: ~/.aam/trusted_root.json
      policies:
        - {packages: "@acme/*", identity: "release@acme.example", issuer: "https://issuer.example", required: true}

Within a file the first policy whose pattern has a package decides, and with it all others of the same pattern: any of
these may have signed. What a project's file demands comes on top of what the user's does, and takes nothing from it: a
project may come from anybody.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from packaging_targets.services.aam.config.outline import Key
from packaging_targets.services.aam.config.settings import Setting, SignaturePolicy, SignatureRules

SECTION = "signatures"
_SECTION = ("policies", "trust_root")
_POLICY = ("identity", "issuer", "packages", "required")
_NAMES = re.compile(r"[a-z0-9@/_*-]+")
_TEXTS = {
    "packages": 'write a name or a pattern, such as "@acme/*"',
    "identity": "write whom the certificate is for: an address, or the URI of a workflow",
    "issuer": "write the URL of whoever vouches for the identity",
}


class Section(Protocol):
    """What reads a file, and gathers what is wrong with it."""

    def mapping(self, path: Sequence[Key], value: Any, known: Sequence[str] = ()) -> Mapping[str, Any]:
        """Return a mapping; what it must not be is told."""
        ...

    def setting(self, path: Sequence[Key], text: str) -> Setting:
        """Return a text, and where it stands."""
        ...

    def refuse(self, path: Sequence[Key], what: str, fix: str = "") -> None:
        """Tell that something is wrong."""
        ...


def read_signatures(section: Section, value: Any) -> SignatureRules:
    """Return what a file says of signatures; what is wrong with that is told to `section`."""
    members = section.mapping((SECTION,), value, _SECTION)
    root = members.get("trust_root")
    if root is not None and not (isinstance(root, str) and root):
        section.refuse((SECTION, "trust_root"), "`trust_root` must be the path of a file", "write a path")
        root = None
    policies = members.get("policies")
    if policies is not None and not isinstance(policies, list):
        what = "`policies` must be a list"
        section.refuse((SECTION, "policies"), what, "write `- packages: …`, `identity: …` and `issuer: …` for each")
        policies = None
    found = [_policy(section, (SECTION, "policies", number), one) for number, one in enumerate(policies or ())]
    trust_root = section.setting((SECTION, "trust_root"), root) if root else None
    return SignatureRules(trust_root, tuple(one for one in found if one))


def with_roots(rules: Sequence[SignatureRules], refuse: Callable[[SignaturePolicy], None]) -> Iterator[SignatureRules]:
    """Yield the rules of each file, the user's first, whose root serves where a project names none of its own.

    `refuse` hears of a policy for which none is named anywhere.
    """
    root: Setting | None = None
    for one in rules:
        root = one.trust_root or root
        if one.policies and root is None:
            refuse(one.policies[0])
        yield SignatureRules(root, one.policies)


def path_of(setting: Setting) -> str:
    """Return the path that a setting is, from the folder of its file; raises RequestError as `value` does."""
    return os.path.join(setting.folder, os.path.expanduser(setting.value()))


def _policy(section: Section, path: tuple[Key, ...], value: Any) -> SignaturePolicy | None:
    if not isinstance(value, dict):
        section.refuse(path, "a policy must be a mapping", "write `packages: …`, `identity: …` and `issuer: …`")
        return None
    members = section.mapping(path, value, _POLICY)
    wrong = [key for key in _TEXTS if not isinstance(members.get(key), str) or not members[key]]
    for key in wrong:
        section.refuse((*path, key), f"a policy needs `{key}`, which is a text", _TEXTS[key])
    required = members.get("required", True)
    if not isinstance(required, bool):
        section.refuse((*path, "required"), "`required` must be true or false")
    if wrong:
        return None
    if not _NAMES.fullmatch(members["packages"]):
        what = f"`{members['packages']}` fits the name of no package"
        section.refuse((*path, "packages"), what, "names are of lower-case letters, digits, `-`, `_`, `@` and `/`")
    where = section.setting((*path, "packages"), members["packages"]).where
    return SignaturePolicy(members["packages"], members["identity"], members["issuer"], required is True, where)
