"""Query: which targets a text means. `syntax` has the grammar, docs/query.md is the guide.

A pattern that matches nothing, an unknown variable and a bad regular expression each mean the empty set while
the rest is computed, so that all of them are told at once.
"""

from __future__ import annotations

import json
import re
import warnings
from difflib import get_close_matches
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import Problem, near_miss, raise_all
from packaging_targets.model.label import Label, LabelPattern
from packaging_targets.services.query.syntax import (
    Call,
    Chain,
    Let,
    Listed,
    Pattern,
    Variable,
    Word,
    parse,
    problem_at,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging_targets.model.target import Target
    from packaging_targets.services.query.syntax import Expression
    from packaging_targets.workspace.graph import TargetGraph

_CORRECTED = 10
"""How many patterns get a near miss, which in a large workspace takes a good part of a second each."""

_NOTHING = re.compile(r"(?!)")


def query(graph: TargetGraph, text: str, package: str = "") -> tuple[Label, ...]:
    """Return the targets that the query `text` means in the package `package`, sorted.

    Raises RequestError whose problems point into the text.
    """
    meaning = _Meaning(graph, text, package)
    found = meaning.of(parse(text), {})
    raise_all(meaning.problems)
    return tuple(sorted(found, key=attrgetter("package", "name")))


class _Meaning:
    """Computes what trees mean, and collects what in them does not fit the workspace."""

    def __init__(self, graph: TargetGraph, text: str, package: str) -> None:
        self.problems: list[Problem] = []
        self._graph = graph
        self._text = text
        self._package = package

    def of(self, tree: Expression, scope: Mapping[str, set[Label]]) -> set[Label]:
        match tree:
            case Pattern(word):
                return self._matching(word)
            case Variable(word):
                return self._variable(word, scope)
            case Listed(members):
                return set().union(*(self.of(member, scope) for member in members))
            case Let(name, value, body):
                return self.of(body, {**scope, name: self.of(value, scope)})
            case Chain(first, rest):
                found = self.of(first, scope)
                for sign, operand in rest:
                    found = _combined(found, sign, self.of(operand, scope))
                return found
            case Call(function, arguments):
                return self._call(function, arguments, scope)

    def _call(
        self, function: str, arguments: Sequence[Expression | Word | int], scope: Mapping[str, set[Label]]
    ) -> set[Label]:
        sets = [self.of(argument, scope) for argument in arguments if not isinstance(argument, Word | int)]
        depth = next((argument for argument in arguments if isinstance(argument, int)), None)
        if function in _WALKS:
            return _WALKS[function](self._graph, sets, depth)
        words = [argument for argument in arguments if isinstance(argument, Word)]
        pattern, texts = self._regex(words[-1]), _TEXTS[function]
        return {label for label in sets[0] if any(map(pattern.search, texts(self._graph[label], words[0].text)))}

    def _regex(self, word: Word) -> re.Pattern[str]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about forms that a later Python may read otherwise
                return re.compile(word.text)
        except (re.error, OverflowError, RecursionError) as error:
            self._note(
                word,
                f"{quoted(word.text)} is no regular expression: {error}",
                "write it as Python's `re` has it",
            )
            return _NOTHING

    def _variable(self, word: Word, scope: Mapping[str, set[Label]]) -> set[Label]:
        if word.text not in scope:
            fix = near_miss(word.text, scope) or f"write let {word.text} = … in …"
            self._note(word, f"there is no variable {quoted(word.text)}", fix)
        return scope.get(word.text, set())

    def _matching(self, word: Word) -> set[Label]:
        try:
            pattern = self._pattern(word.text)
        except ValueError as error:
            self._note(word, f"{quoted(word.text)} is no target: {error}", self._namesakes(word.text))
            return set()
        if pattern.name is not None:
            found = {Label(pattern.package, pattern.name)} & self._graph.keys()
        else:
            found = set(filter(pattern.matches, self._graph))
        if not found:
            fix = _correction(self._graph, pattern) if len(self.problems) < _CORRECTED else ""
            self._note(word, f"no target matches {quoted(word.text)}", fix)
        return found

    def _pattern(self, text: str) -> LabelPattern:
        here = f"//{self._package}"
        if text.startswith(":"):
            return LabelPattern.parse(here + text)
        if text == "...":
            return LabelPattern.parse(f"{here}/..." if self._package else "//...")
        return LabelPattern.parse(text)

    def _namesakes(self, name: str) -> str:
        found = [f"`{label}`" for label in self._graph if label.name == name]
        return f"did you mean {' or '.join(found[:3])}?" if found else "write //package:name or //package/..."

    def _note(self, word: Word, what: str, fix: str) -> None:
        self.problems.append(problem_at(self._text, word.at, what, fix))


def _correction(graph: TargetGraph, pattern: LabelPattern) -> str:
    """Return the fix for a pattern that matches nothing."""
    if pattern.name is not None:
        return graph.suggest(Label(pattern.package, pattern.name))
    packages = {label.package for label in graph}
    if not pattern.recursive and any(package.startswith(f"{pattern.package}/") for package in packages):
        return f"did you mean `//{pattern.package}/...`?"
    folders = {package[:end] for package in packages for end in _ends(package)}
    close = get_close_matches(pattern.package, folders if pattern.recursive else packages, n=1)
    return f"did you mean `//{close[0]}{'/...' if pattern.recursive else ':all'}`?" if close else ""


def _ends(package: str) -> Iterator[int]:
    """Yield where the package and each folder that it is in end."""
    yield from (at for at, character in enumerate(package) if character == "/")
    yield len(package)


def _combined(left: set[Label], sign: str, right: set[Label]) -> set[Label]:
    if sign == "+":
        return left | right
    return left & right if sign == "^" else left - right


def _rdeps(graph: TargetGraph, sets: Sequence[set[Label]], depth: int | None) -> set[Label]:
    if len(sets) == 1:
        return graph.rdeps(sets[0], depth)
    # Whatever the universe holds, it holds its dependencies too: so no path leaves it and comes back.
    universe = graph.deps(sets[0])
    return graph.rdeps(sets[1] & universe, depth) & universe


_WALKS: Mapping[str, Callable[[TargetGraph, Sequence[set[Label]], int | None], set[Label]]] = {
    "allpaths": lambda graph, sets, _: graph.allpaths(sets[0], sets[1]),
    "deps": lambda graph, sets, depth: graph.deps(sets[0], depth),
    "rdeps": _rdeps,
    "somepath": lambda graph, sets, _: set(graph.somepath(sets[0], sets[1])),
}


def _texts(target: Target, field: str) -> Iterator[str]:
    """Yield the value of a field as text, and each element of a list."""
    value = target.fields.get(field)
    if value is not None:
        yield _text(value)
    if isinstance(value, list | tuple):
        yield from map(_text, value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_text, value))}]"
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


_TEXTS: Mapping[str, Callable[[Target, str], Iterable[str]]] = {
    "attr": _texts,
    "filter": lambda target, _: (str(target.label),),
    "kind": lambda target, _: (target.rule,),
}
