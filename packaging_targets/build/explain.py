"""Why an action runs: the differences between two snapshots, as data recorded when it was decided.

Values are told where they part: a member of an object by its path, an item of a list as added or removed, a long text
from its first difference on.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.model.action import RULE_FILE
from packaging_targets.store.states import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SHORT = 12
_LONGEST = 80
_BEFORE = 20  # characters of a long text that are shown before its first difference
_LISTED = 5  # items of a list that are told one by one
_MANIFEST = "what goes where changed"
_TEXT_ROW = 3  # members of a row of a manifest that is a text: where it goes, no source, and the text


@dataclass(frozen=True, slots=True)
class Difference:
    """One reason to run: `what` happened to `subject`; `old` and `new` are short digests or values, where there are."""

    what: str
    subject: str
    old: str = ""
    new: str = ""

    def row(self) -> tuple[str, ...]:
        """Return the texts that `Difference(*row)` is made of again."""
        return (self.what, self.subject, self.old, self.new)

    def __str__(self) -> str:
        change = ""
        if self.what.endswith((" added", " removed")):
            change = f": {self.old or self.new}"
        elif self.old or self.new:
            change = f": {self.old or '(none)'} -> {self.new or '(none)'}"
        return f"{self.what} {self.subject}".rstrip() + change


NEVER_BUILT = Difference("it was never built", "")


def differences(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> list[Difference]:
    """Return how two snapshots of an action differ; `old` None means that it never ran."""
    if old is None:
        return [NEVER_BUILT]
    found = list(_inputs(old["inputs"], new["inputs"]))
    # A manifest follows from the inputs: where these changed too, they tell it better.
    hidden = {"manifest"} if found else set()
    params = ({name: value for name, value in shot["params"].items() if name not in hidden} for shot in (old, new))
    found += _values("parameter", "", *params)
    found += _values("tool", "", old["tools"], new["tools"])
    if old["kind"] != new["kind"]:
        found.append(Difference("action kind changed", "", old["kind"], new["kind"]))
    if old["outputs"] != new["outputs"]:
        found.append(Difference("outputs changed", "", ", ".join(old["outputs"]), ", ".join(new["outputs"])))
    if old["rule"] != new["rule"]:
        found.append(Difference("rule changed", new["rule"][0], old["rule"][1][:_SHORT], new["rule"][1][:_SHORT]))
    return found


def output_difference(path: str, recorded: str, now: str) -> Difference:
    """Return why an output that is not as it was made makes its action run."""
    if now == MISSING:
        return Difference("output missing", path)
    return Difference("output changed", path, _short(recorded), _short(now))


def _inputs(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Difference]:
    for path in sorted(old.keys() | new.keys()):
        noun = "template" if path.startswith(RULE_FILE) else "input"
        before, after = old.get(path), new.get(path)
        if before is None:
            yield Difference(f"{noun} added", path, "", _short(after or ""))
        elif after is None:
            yield Difference(f"{noun} removed", path, _short(before), "")
        elif before != after:
            yield Difference(f"{noun} changed", path, _short(before), _short(after))


def _values(noun: str, path: str, old: Any, new: Any) -> Iterator[Difference]:
    """Walk two JSON values and yield where they part."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _members(noun, path, old, new)
    elif path == "manifest":
        yield from _manifests(old, new)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _items(noun, path, old, new)
    else:
        yield Difference(f"{noun} changed", path, *_shown_apart(old, new))


def _manifests(old: Sequence[Any], new: Sequence[Any]) -> Iterator[Difference]:
    """Yield the texts that differ where they are packed, and then which places do."""
    before, after = ({row[0]: row[2] for row in rows if len(row) == _TEXT_ROW} for rows in (old, new))
    texts = [dest for dest in before if dest in after and before[dest] != after[dest]]
    for dest in texts[:_LISTED]:
        yield Difference("packed text changed", dest, *_shown_apart(before[dest], after[dest]))
    ours, theirs = ([row for row in rows if row[0] not in texts] for rows in (old, new))
    if ours != theirs or not texts:
        yield Difference(_MANIFEST, "", _listing(_places(ours, theirs)), _listing(_places(theirs, ours)))


def _members(noun: str, path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for key in sorted(old.keys() | new.keys()):
        inner = f"{path}.{key}" if path else key
        if key not in old:
            yield Difference(f"{noun} added", inner, "", _shown(new[key]))
        elif key not in new:
            yield Difference(f"{noun} removed", inner, _shown(old[key]), "")
        else:
            yield from _values(noun, inner, old[key], new[key])


def _items(noun: str, path: str, old: list[Any], new: list[Any]) -> Iterator[Difference]:
    """Yield items that came, went, or stand where others stood."""
    removed, added = _surplus(old, new), _surplus(new, old)
    if len(old) == len(new):
        changed = [at for at, item in enumerate(old) if item != new[at]]
        if len(changed) == len(removed) == len(added) <= _LISTED:
            for at in changed:
                yield from _values(noun, f"{path}[{at}]", old[at], new[at])
            return
    if not removed and not added:
        yield Difference(f"{noun} reordered", path)
    yield from (Difference(f"{noun} removed", path, text) for text in _few(removed))
    yield from (Difference(f"{noun} added", path, "", text) for text in _few(added))


def _surplus(items: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """Return the items that `others` does not have, or not as often, in order."""
    spare = Counter(map(json.dumps, others))
    found = []
    for item in items:
        text = json.dumps(item)
        if spare[text]:
            spare[text] -= 1
        else:
            found.append(item)
    return found


def _few(items: Sequence[Any]) -> Iterator[str]:
    yield from map(_shown, items[:_LISTED])
    if len(items) > _LISTED:
        yield f"... and {len(items) - _LISTED} more"


def _places(rows: Sequence[Any], others: Sequence[Any]) -> list[str]:
    """Return where a manifest puts what the other one does not put there so; folders follow from files."""
    files = [row for row in _surplus(rows, others) if len(row) > 1]
    return [f"{row[0]} (executable)" if row[4:] == [True] else str(row[0]) for row in files]


def _listing(words: Sequence[str]) -> str:
    more = f" and {len(words) - 1} more" if len(words) > 1 else ""
    return f"{words[0]}{more}" if words else ""


def _short(state: str) -> str:
    text = state[1 : 1 + _SHORT] if len(state) > 1 else state
    return f"{text} (executable)" if state.startswith("x") else text


def _shown_apart(old: Any, new: Any) -> tuple[str, str]:
    """Return two values for people; long texts from shortly before where they part."""
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > _LONGEST:
        same = next((at for at, (ours, theirs) in enumerate(zip(old, new, strict=False)) if ours != theirs), 0)
        start = max(same - _BEFORE, 0)
        lead = "..." if start else ""
        return _shown(f"{lead}{old[start:]}"), _shown(f"{lead}{new[start:]}")
    return _shown(old), _shown(new)


def _json(value: Any) -> str:
    return "(none)" if value is None else json.dumps(value, ensure_ascii=False)


def _shown(value: Any) -> str:
    text = value.replace("\n", "\\n") if isinstance(value, str) else _json(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
