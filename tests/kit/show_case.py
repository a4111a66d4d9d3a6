"""A registry that looks like a team's, a while after it began: for pictures of its pages, and walks through them."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from agents import packed
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from reading_room import House
from signatures import about, bundle

from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.desk.access import Grant, Identity
from packaging_targets.services.aam.hosting import approving, changing

DAY = 86_400
NAME = PackageName.parse("@acme/review")
ANN = Identity("ann", (Grant(("admin",)),))
BOB = Identity("bob", (Grant(("read", "publish")),))
WORKFLOW = "https://git.example/acme/agents/.ci/release.yml@refs/heads/main"
ISSUER = "https://token.git.example"

OTHERS = {
    "@acme/style": "How we write code: names, errors, tests. Every other package of ours builds on it.",
    "@acme/incident": "Leads through an incident: timeline, hypotheses, what to tell whom, and the review afterwards.",
    "@acme/release-notes": "Writes release notes from merged changes, for people who use the product.",
    "@acme/threat-model": "Asks the questions of a threat model about a design, and keeps the answers beside it.",
    "accessibility": "Checks pages against WCAG 2.2, and says what to change and why.",
    "changelog": "Keeps a changelog: one line for each change, sorted by what it means to users.",
    "docs-writer": "Turns code and tickets into guides that can be read from top to bottom.",
    "sql-reviewer": "Reads migrations and queries: locks, plans, indexes that are missing.",
    "test-gaps": "Finds behaviour that no test holds, and proposes the smallest one that would.",
    "@nord/kubernetes": "Explains what a cluster does, and proposes manifests that pass its policies.",
    "@nord/terraform": "Reads plans, tells what would be replaced, and what that costs.",
}

README = """# Review

Reviews a change the way a careful colleague would: first *what it is for*, then whether it does that, and only then how
it is written. It never says "looks good" to what it has not read.

[![checks](https://ci.example/acme/agents.svg)](https://ci.example/acme/agents)

## What it looks at

| Pass | Question | Stops at |
|:-----|:---------|---------:|
| Purpose | Does the change do what its description says? | 1 answer |
| Behaviour | Which inputs would make it wrong? | 5 findings |
| Tests | Which of these would a test have caught? | 5 findings |
| Style | What does `@acme/style` say about it? | 3 remarks |

## Use

```sh
aam install @acme/review
# then, in your agent:
/review main..HEAD
```

1. It reads the whole diff, and the files around it.
2. It asks for what it cannot know, **once**.
3. It writes findings with a place, a reason and a fix.

> A finding without a way to check it is an opinion. It says which ones are.

## Settings

The depth is set in the rule `depth`; see [its text](rules/depth/RULE.md) and the [handbook](https://handbook.acme.example).
"""

SKILL = """---
name: code-review
description: Reviews a change in four passes, purpose, behaviour, tests and style, and writes findings that can be checked.
---
# Review of code

Read the whole change before the first remark.
{more}"""

FILES = {
    "README.md": README,
    "skills/find-risks/SKILL.md": "---\nname: find-risks\ndescription: Lists what a change could break, most likely first.\n---\nThink of callers.\n",
    "commands/review.md": "---\ndescription: Review the changes of a branch.\n---\nReview {{range}}.\n",
    "agents/reviewer/agent.yaml": "name: reviewer\ndescription: A patient reviewer who asks before it judges.\nskills: [code-review, find-risks]\n",
    "agents/reviewer/system-prompt.md": "You review changes.\n",
    "rules/depth/RULE.md": "---\nname: depth\ndescription: How deep a review goes, by the size of the change.\napply:\n  mode: files\n  globs: ['src/**']\n---\nGo deep.\n",
    "mcp/servers.json": json.dumps(
        {"servers": {"tracker": {"type": "http", "url": "https://mcp.acme.example/tracker"}}}
    ),
}
REVIEW: dict[str, Any] = {
    "skills": (),
    "dependencies": {"@acme/style": "^1.0.0", "test-gaps": ">=1.0.0 <3.0.0"},
    "optionalDependencies": {"@acme/secret-scanner": "^2.0.0"},
    "description": "Reviews a change in four passes, and writes findings that can be checked.",
    "author": "Acme developer experience",
    "license": "Apache-2.0",
    "homepage": "https://handbook.acme.example/review",
    "repository": "https://git.example/acme/agents",
    "keywords": ["review", "code", "quality"],
    "engines": {"claude-code": "*", "cursor": "*", "copilot": "*"},
}


def furnish(house: House) -> str:
    """Fill a registry that lets `@acme/review` wait for approval; return the number of the request that waits."""
    house.now -= 200 * DAY
    for at, (name, description) in enumerate(OTHERS.items()):
        house.now += 9 * DAY
        for version in ("1.0.0", "1.1.0", "2.0.0")[: 1 + at % 3]:
            house.publish(name, version, ANN, description=description)
    for version in ("1.0.0", "1.1.0", "1.2.0", "2.0.0-rc.1", "1.2.1"):
        house.now += 14 * DAY
        waiting = house.publish("@acme/review", version, BOB, tag="next" if "rc" in version else "", **_review(version))
        house.now += 3600
        approving.approve(house.host, ANN, waiting)
    changing.set_tag(house.host, ANN, NAME, "stable", "1.2.0")
    changing.yank(house.host, ANN, NAME, "1.1.0", "it reviewed generated files, too")
    changing.deprecate(house.host, ANN, NAME, "1.0.0", "use 1.2.0 or newer")
    house.now += 3 * DAY
    return house.publish("@acme/review", "1.3.0", BOB, **_review("1.3.0", signed=False))


def _review(version: str, *, signed: bool = True) -> dict[str, Any]:
    more = "Say what you have not read.\n" if version == "1.3.0" else ""
    files = {**FILES, "skills/code-review/SKILL.md": SKILL.format(more=more)}
    if version == "1.3.0":
        files["skills/code-review/scripts/diff.sh"] = '#!/bin/sh\ngit diff --stat "$@"\n'
        del files["mcp/servers.json"]
    given = {**REVIEW, "files": files}
    if not signed:
        return given
    return {**given, "signature": signed_bundle(packed("@acme/review", version, **given), version)}


def signed_bundle(data: bytes, version: str, identity: str = WORKFLOW, name: str = "@acme/review") -> bytes:
    """A bundle with a certificate as Fulcio writes it, which nobody would verify."""
    value = bundle(about(data, name, version), predicateType="https://slsa.dev/provenance/v1")
    key = ec.generate_private_key(ec.SECP256R1())
    nobody = x509.Name([])
    start = datetime(2026, 2, 22, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(nobody)
        .issuer_name(nobody)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(minutes=10))
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity)]), critical=True)
        .add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1"), ISSUER.encode()), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    material = value["verificationMaterial"]
    material["certificate"]["rawBytes"] = b64encode(certificate.public_bytes(Encoding.DER)).decode()
    material["tlogEntries"] = [{"logIndex": "178442019"}]
    return json.dumps(value).encode()
