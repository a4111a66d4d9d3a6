"""Pairs of versions and ranges, and what npm's `semver` says of them.

`PACKAGING_NODE_MODULES=… python tests/kit/npm_ranges.py` writes `tests/vectors/aam/ranges.json` anew.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

VECTORS = Path(__file__).parents[1] / "vectors" / "aam" / "ranges.json"
REFUSED = (
    "", " ", "1", "1.2", "1.x", "1.2.x", "x", "^1", "^1.2", "~1", ">=1.0", "1.0.0 - 2.0.0", "1.0.0 || 2.0.0", "||", "latest",
    "v1.2.3", "=v1.2.3", "^ 1.2.3", ">= 1.2.3", "1.2.3  2.0.0", " 1.2.3", "1.2.3 ", "1.2.3\n", "1.2.3,2.0.0", "==1.2.3",
    "~>1.2.3", "=>1.2.3", "<>1.2.3", "!1.2.3", "^01.2.3", "^1.2.3-01", "* 1.2.3", ">=*", "^*", "1.2.3-", "1.2.3+",
)  # fmt: skip
"""What is no range here; much of it is one to npm."""

_NUMBERS = (0, 0, 1, 1, 2, 3, 10)
_WORDS = ("0", "1", "2", "10", "a", "alpha", "beta", "rc", "x", "-", "A", "1a", "0a", "--", "-1")
_BUILDS = ("001", "b", "1", "sha-5")
_OPERATORS = ("^", "~", ">=", "<=", ">", "<", "=", "")
_ASK = """
const semver = require('semver'), pairs = JSON.parse(require('fs').readFileSync(0));
const of = ([version, range]) => semver.validRange(range) === null ? null : semver.satisfies(version, range);
console.log(JSON.stringify(pairs.map(of)));
"""

Pair = tuple[str, str]


def pairs(count: int, seed: int) -> list[Pair]:
    """Versions with ranges of our grammar, close enough to each other that many fit."""
    chance = random.Random(seed)
    return [(_version(chance), _range(chance)) for _ in range(count)]


def _range(chance: random.Random) -> str:
    if chance.random() < 0.03:
        return "*"
    return " ".join(chance.choice(_OPERATORS) + _version(chance) for _ in range(chance.choice((1, 1, 1, 2, 2, 3))))


def _version(chance: random.Random) -> str:
    text = ".".join(str(chance.choice(_NUMBERS)) for _ in range(3))
    if chance.random() < 0.4:
        text += "-" + ".".join(chance.choice(_WORDS) for _ in range(chance.choice((1, 1, 2, 3))))
    if chance.random() < 0.15:
        text += "+" + ".".join(chance.choice(_BUILDS) for _ in range(chance.choice((1, 2))))
    return text


def npm_says(asked: Sequence[Pair], modules: str) -> list[bool | None]:
    """What npm's `semver` in the folder `modules` says: whether a version is in a range, None for no range."""
    node = shutil.which("node")
    assert node
    done = subprocess.run(
        [node, "-e", _ASK],
        input=json.dumps(asked).encode(),
        stdout=subprocess.PIPE,
        env={**os.environ, "NODE_PATH": modules},
        check=True,
    )
    found: list[bool | None] = json.loads(done.stdout)
    return found


def _write() -> None:
    asked = sorted(set(pairs(6000, 12)))
    said = list(zip(asked, npm_says(asked, os.environ["PACKAGING_NODE_MODULES"]), strict=True))
    chosen = [one for one in said if one[1]][:400] + [one for one in said if one[1] is False][::11][:400]
    rows = [[version, of, allowed] for (version, of), allowed in sorted(chosen)]
    lines = ",\n".join(f"    {json.dumps(row)}" for row in rows)
    refused = ",\n".join(f"    {json.dumps(one)}" for one in REFUSED)
    VECTORS.write_text(f'{{\n  "pairs": [\n{lines}\n  ],\n  "refused": [\n{refused}\n  ]\n}}\n', "utf-8")


if __name__ == "__main__":
    _write()
