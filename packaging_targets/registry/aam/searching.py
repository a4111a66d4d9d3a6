"""What a search is about, and what comes first: for every kind of registry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packaging_targets.registry.aam.protocol import Summary

TOLD = 3
"""The stage of packages that tell of what is sought, and are not called so."""


def best_first(summaries: Iterable[Summary], text: str) -> Sequence[Summary]:
    """Return those whose name or description has all words of `text`: names that are it, start with it, have it."""
    words = text.casefold().split()
    found = []
    for one in summaries:
        name, described = str(one.name), f"{one.name} {one.description}".casefold()
        if all(word in described for word in words):
            found.append((rank_of(name, one.name.name, words), name, one))
    return [one for *_, one in sorted(found, key=lambda entry: entry[:2])]


def rank_of(name: str, short: str, words: Sequence[str]) -> int:
    """Return the stage in which a package is found: the name, which is `short` without its scope, is what is sought.

    0 for that, 1 where it starts with the words, 2 where it has them, and `TOLD`.
    """
    whole = " ".join(words)
    if whole in {name, short}:
        return 0
    if name.startswith(whole) or short.startswith(whole):
        return 1
    return 2 if all(word in name for word in words) else TOLD
