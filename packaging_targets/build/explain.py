"""Why an action runs: the differences between two snapshots, as data recorded when it was decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.model.action import RULE_FILE
from packaging_targets.store.states import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHORT = 12
_LONGEST = 80
_MANIFEST = "what goes where changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One reason to run: `what` happened to `subject`; `old` and `new` are short digests or values, where there are."""

    what: str
    subject: str
    old: str = ""
    new: str = ""

    def __str__(self) -> str:
        change = f": {self.old or '(none)'} -> {self.new or '(none)'}" if self.old or self.new else ""
        return f"{self.what} {self.subject}{change}".rstrip()


def differences(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> list[Difference]:
    """Return how two snapshots of an action differ; `old` None means that it never ran."""
    if old is None:
        return [Difference("it was never built", "")]
    found = list(_inputs(old["inputs"], new["inputs"]))
    parameters = list(_values("parameter changed", "", old["params"], new["params"]))
    # A manifest follows from the inputs: where these changed too, they tell it better.
    found += [one for one in parameters if one.what != _MANIFEST or not found]
    found += _values("tool changed", "", old["tools"], new["tools"])
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


def _values(what: str, path: str, old: Any, new: Any) -> Iterator[Difference]:
    """Walk two JSON values and yield where they part."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _values(what, f"{path}.{key}" if path else key, old.get(key), new.get(key))
    elif old != new and path == "manifest":
        yield Difference(_MANIFEST, "")
    elif old != new:
        yield Difference(what, path, _shown(old), _shown(new))


def _short(state: str) -> str:
    text = state[1 : 1 + _SHORT] if len(state) > 1 else state
    return f"{text} (executable)" if state.startswith("x") else text


def _shown(value: Any) -> str:
    text = "(none)" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
