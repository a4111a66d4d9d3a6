"""Which packages a search is about, for kinds of registries that have no index of words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packaging_targets.registry.aam.protocol import Summary


def best_first(summaries: Iterable[Summary], text: str) -> Sequence[Summary]:
    """Return those whose name or description has all words of `text`: names that are it, start with it, have it."""
    words = text.casefold().split()
    found = []
    for one in summaries:
        name, described = str(one.name), f"{one.name} {one.description}".casefold()
        if all(word in described for word in words):
            found.append((_rank(one, name, words), name, one))
    return [one for *_, one in sorted(found, key=lambda entry: entry[:2])]


def _rank(one: Summary, name: str, words: Sequence[str]) -> int:
    whole = " ".join(words)
    if whole in {name, one.name.name}:
        return 0
    if name.startswith(whole) or one.name.name.startswith(whole):
        return 1
    return 2 if all(word in name for word in words) else 3
