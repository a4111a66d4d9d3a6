"""The grammar of the query language: text becomes a tree. What a tree means is told in `meaning`.

    expr     = operand { ( "+" | "union" | "^" | "intersect" | "-" | "except" ) operand }   from left to right
    operand  = leaf | "(" expr ")" | "set" "(" { leaf } ")" | "let" name "=" expr "in" expr
             | function "(" argument { "," argument } ")"
    leaf     = pattern | "$" name

A recursive descent. Nesting has a limit, so that no text exhausts the stack; a chain of operators is a list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from packaging_targets.errors import Problem, RequestError, near_miss

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LONGEST = 100_000
_DEEPEST = 100
_WINDOW = 90
_SHOWN = 60
_TOKEN = re.compile(
    r"""(?P<word>[A-Za-z0-9_*/@.:$~\[\]][A-Za-z0-9_*/@.:$~\[\]-]*)|(?P<quoted>"[^"]*"|'[^']*')"""
    r"""|(?P<symbol>[()+^,=-])|(?P<space>\s+)"""
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEPTH = re.compile(r"[0-9]{1,9}")
_OPERATORS = {"+": "+", "union": "+", "^": "^", "intersect": "^", "-": "-", "except": "-"}
_KEYWORDS = frozenset({"except", "in", "intersect", "let", "set", "union"})


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a query without its quotes, and where it begins, counted in characters from 0."""

    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A label, or a pattern of labels."""

    word: Word


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable; its word has no `$`."""

    word: Word


@dataclass(frozen=True, slots=True)
class Chain:
    """Sets combined from left to right by `+`, `^` or `-`."""

    first: Expression
    rest: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """All that its members mean: `set(a b c)`."""

    members: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Let:
    """A variable, its value, and what is to be computed with it."""

    name: str
    value: Expression
    body: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language, by name, and its arguments as its signature has them."""

    function: str
    arguments: tuple[Expression | Word | int, ...]


Expression = Pattern | Variable | Chain | Listed | Let | Call


@dataclass(frozen=True, slots=True)
class Signature:
    """How a function is written, and its arguments: `expr`, `word` or `depth`. The first `least` are needed.

    A depth ends the arguments: `rdeps(e, 2)` has one set.
    """

    usage: str
    arguments: tuple[str, ...]
    least: int


SIGNATURES: Mapping[str, Signature] = {
    "allpaths": Signature("allpaths(from, to)", ("expr", "expr"), 2),
    "attr": Signature("attr(field, pattern, expr)", ("word", "word", "expr"), 3),
    "deps": Signature("deps(expr[, depth])", ("expr", "depth"), 1),
    "filter": Signature("filter(pattern, expr)", ("word", "expr"), 2),
    "kind": Signature("kind(pattern, expr)", ("word", "expr"), 2),
    "rdeps": Signature("rdeps([universe, ]expr[, depth])", ("expr", "expr or depth", "depth"), 1),
    "somepath": Signature("somepath(from, to)", ("expr", "expr"), 2),
}


def parse(text: str) -> Expression:
    """Return the tree of a query; raises RequestError that points at what does not fit."""
    if len(text) > _LONGEST:
        raise RequestError(Problem("query", f"the query has {len(text)} characters", f"write at most {_LONGEST}"))
    if not text.strip():
        raise RequestError(Problem("query", "the query is empty", "write //... for all targets"))
    return _Parser(text).query()


def problem_at(text: str, at: int, what: str, fix: str = "") -> Problem:
    """Return a problem with the character `at` of a query, which is shown with a caret below it."""
    start = text.rfind("\n", 0, at) + 1
    line = text[start:].partition("\n")[0]
    column = at - start
    first = max(0, min(column - _WINDOW // 2, len(line) - _WINDOW))
    head, tail = "…" * (first > 0), "…" * (first + _WINDOW < len(line))
    shown = f"{head}{line[first : first + _WINDOW]}{tail}"
    printable = "".join(character if character.isprintable() else " " for character in shown)
    caret = " " * (len(head) + column - first) + "^"
    place = f"line {text.count(chr(10), 0, at) + 1}, column" if "\n" in text else "column"
    return Problem(f"query, {place} {column + 1}\n       {printable}\n       {caret}", what, fix)


def quoted(text: str) -> str:
    """Return a user's word in backticks for a message, cut where it is long."""
    return f"`{text}`" if len(text) <= _SHOWN else f"`{text[: _SHOWN - 1]}…`"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int

    def __str__(self) -> str:
        return "the query ends" if self.kind == "end" else f"here is {quoted(self.text)}"


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise RequestError(_stray(text, at))
        kind, found = str(match.lastgroup), match[0]
        if kind != "space":
            yield _Token(kind, found[1:-1] if kind == "quoted" else found, at)
        at = match.end()
    yield _Token("end", "", len(text.rstrip()))


def _stray(text: str, at: int) -> Problem:
    if text[at] in "\"'":
        return problem_at(text, at, f"this quote is never closed: {text[at]}", f"close it with {text[at]}")
    fix = "put words that hold more than letters, digits and */@.-_:$~[] in quotes"
    return problem_at(text, at, f"`{text[at]}` cannot stand here", fix)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0

    def query(self) -> Expression:
        expression = self._expr()
        if self._peek().kind != "end":
            self._refuse("an operator or the end")
        return expression

    def _expr(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._raise(f"the query is nested more than {_DEEPEST} deep", "name a part of it: let x = … in …")
        first = self._operand()
        rest: list[tuple[str, Expression]] = []
        while self._peek().kind != "quoted" and (sign := _OPERATORS.get(self._peek().text)):
            self._take()
            rest.append((sign, self._operand()))
        self._depth -= 1
        return Chain(first, tuple(rest)) if rest else first

    def _operand(self) -> Expression:
        if self._is("("):
            self._take()
            expression = self._expr()
            self._expect(")")
            return expression
        if self._is("let"):
            return self._let()
        if self._is("set"):
            return self._set()
        if self._peek().kind == "word" and self._is("(", ahead=1):
            return self._call()
        return self._leaf("a target, a function or `(`")

    def _leaf(self, expected: str) -> Expression:
        is_variable = self._peek().kind == "word" and self._peek().text.startswith("$")
        word = self._word(expected)
        return Variable(Word(word.text[1:], word.at)) if is_variable else Pattern(word)

    def _let(self) -> Expression:
        self._take()
        name = self._peek()
        if name.kind != "word" or not _NAME.fullmatch(name.text) or name.text in _KEYWORDS:
            self._refuse("the name of a variable", "let x = … in …, and $x in its last part")
        self._take()
        self._expect("=")
        value = self._expr()
        self._expect("in")
        return Let(name.text, value, self._expr())

    def _set(self) -> Expression:
        self._take()
        self._expect("(")
        members = []
        while not self._is(")"):
            members.append(self._leaf("a target or `)`"))
        self._take()
        return Listed(tuple(members))

    def _call(self) -> Expression:
        name = self._peek()
        signature = SIGNATURES.get(name.text)
        if signature is None:
            listed = f"functions: {', '.join(SIGNATURES)}"
            hint = near_miss(name.text, SIGNATURES)
            self._raise(f"there is no function {quoted(name.text)}", f"{hint}  ({listed})" if hint else listed)
        self._take()
        self._expect("(")
        arguments: list[Expression | Word | int] = []
        for kind in signature.arguments:
            if len(arguments) >= signature.least and not self._is(","):
                break
            if arguments:
                self._expect(",", signature.usage)
            arguments.append(self._argument(kind, signature.usage))
            if isinstance(arguments[-1], int):
                break
        self._expect(")", signature.usage)
        return Call(name.text, tuple(arguments))

    def _argument(self, kind: str, usage: str) -> Expression | Word | int:
        if "depth" in kind and _DEPTH.fullmatch(depth := self._peek().text):
            self._take()
            return int(depth)
        if kind == "depth":
            self._refuse("a whole number", usage)
        if kind == "expr" or "depth" in kind:
            return self._expr()
        sign = self._peek().text if self._peek().text in _OPERATORS else ""
        return self._word("a word", f"{usage}, a pattern with {sign} in quotes" if sign else usage)

    def _word(self, expected: str, usage: str = "") -> Word:
        token = self._peek()
        if token.kind != "quoted" and (token.kind != "word" or token.text in _KEYWORDS):
            self._refuse(expected, usage)
        self._take()
        return Word(token.text, token.at)

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> None:
        self._next += 1

    def _is(self, text: str, ahead: int = 0) -> bool:
        token = self._tokens[self._next + ahead]
        return token.kind in {"symbol", "word"} and token.text == text

    def _expect(self, text: str, usage: str = "") -> None:
        if not self._is(text):
            self._refuse(f"`{text}`", usage)
        self._take()

    def _refuse(self, expected: str, usage: str = "") -> NoReturn:
        self._raise(f"expected {expected}, but {self._peek()}", usage and f"write {usage}")

    def _raise(self, what: str, fix: str = "") -> NoReturn:
        raise RequestError(problem_at(self._text, self._peek().at, what, fix))
