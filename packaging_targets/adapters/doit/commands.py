"""doit commands of ours, such as `doit why`. Each parses, calls one service and prints."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any, ClassVar

from doit.cmd_base import Command
from doit.cmdparse import CmdOption, CmdParse

from packaging_targets.adapters.guard import guarded
from packaging_targets.errors import PackagingError, RequestError
from packaging_targets.services.containers.images import ENGINES

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Question(Command):
    """A command that prints an answer: problems go to standard error, with their exit code."""

    words: ClassVar[str]

    def execute(self, opt_values: dict[str, Any], pos_args: list[str]) -> int:
        """Answer; return the exit code."""
        try:
            sys.stdout.write(self.answer(opt_values, pos_args))
        except PackagingError as error:
            sys.stderr.write(f"{error}\n")
            return error.exit_code
        return 0

    def answer(self, options: dict[str, Any], words: list[str]) -> str:
        """Return the answer as text with a final newline."""
        raise NotImplementedError

    def _one(self, words: list[str], default: str | None = None) -> str:
        if len(words) == 1:
            return words[0]
        if default is not None and not words:
            return default
        raise RequestError.one(
            f"`doit {self.get_name()}` takes one word, but got {len(words)}", "", f"doit {self.words}"
        )


def _choice(name: str, default: str | None, choices: Sequence[str], does: str) -> dict[str, Any]:
    allowed = [(choice, "") for choice in choices]
    return {"name": name, "long": name, "default": default, "choices": allowed, "help": does}


def _format(*choices: str) -> dict[str, Any]:
    return _choice("format", choices[0], choices, "the form of the answer")


def _flag(name: str, does: str) -> dict[str, Any]:
    return {"name": name, "long": name, "type": bool, "default": False, "help": does}


class Why(_Question):
    """`doit why LABEL`."""

    doc_purpose = "tell why a target would run now, or why it ran last"
    doc_usage = "LABEL"
    words = "why //folder:name"

    def answer(self, options: dict[str, Any], words: list[str]) -> str:
        """Return the reasons."""
        del options
        from packaging_targets.services.why import why

        return f"{why(self._one(words))}\n"


class Affected(_Question):
    """`doit affected --since REV`."""

    doc_purpose = "list the targets whose inputs changed since a git revision, dependants included"
    doc_usage = "--since REV"
    words = "affected --since main"
    cmd_options = (
        {"name": "since", "long": "since", "default": "", "help": "the git revision to compare the work tree with"},
        _format("lines", "json", "matrix"),
    )

    def answer(self, options: dict[str, Any], words: list[str]) -> str:
        """Return the affected targets."""
        from packaging_targets.services.affected import affected, render

        if words or not options["since"]:
            raise RequestError.one("`doit affected` needs a revision", "", f"doit {self.words}")
        return render(affected(options["since"]), options["format"])


class Query(_Question):
    """`doit query EXPRESSION`."""

    doc_purpose = "ask the target graph: deps(//a:b), rdeps(//..., //a:b), kind(rule, //...)"
    doc_usage = "EXPRESSION"
    words = "query 'deps(//a:b)'"

    def answer(self, options: dict[str, Any], words: list[str]) -> str:
        """Return the labels that the expression means, one a line."""
        del options
        from packaging_targets.services.graph.opening import open_graph
        from packaging_targets.services.query.meaning import query

        graph, package = open_graph()
        return "".join(f"{label}\n" for label in query(graph, self._one(words), package))


class Graph(_Question):
    """`doit graph [EXPRESSION]`."""

    doc_purpose = "draw the target graph"
    doc_usage = "[EXPRESSION]"
    words = "graph --format dot '//...'"
    cmd_options = (_format("text", "dot", "json", "html"),)

    def answer(self, options: dict[str, Any], words: list[str]) -> str:
        """Return the drawing."""
        from packaging_targets.services.graph.drawing import render
        from packaging_targets.services.graph.opening import open_graph
        from packaging_targets.services.query.meaning import query

        graph, package = open_graph()
        return render(graph, query(graph, self._one(words, "//..."), package), options["format"])


class Image(Command):
    """`doit image [ID|LABEL …]`: the face of `ctl-packaging build` and `build-all` in doit."""

    doc_purpose = "build the images of containers that changed, by docker, podman or buildah"
    doc_usage = "[ID|LABEL ...]"
    cmd_options = (
        {"name": "tag", "long": "tag", "default": None, "help": "such as v1.0.0 (default: the image's own, or latest)"},
        _choice("builder", None, ENGINES, "what builds (default: the first that is there)"),
        _flag("force", "build even where nothing changed"),
        _flag("dry-run", "tell the command lines, and run none"),
        _format("text", "json"),
    )

    def execute(self, opt_values: dict[str, Any], pos_args: list[str]) -> int:
        """Build; return the exit code."""
        from packaging_targets.adapters.doit.build import build_beside
        from packaging_targets.adapters.images import build

        asked = _asked(self.cmd_options, opt_values, pos_args, "targets")
        return guarded(lambda options: build(options, build_beside), Namespace(repo_root=None, **asked))


class Publish(Command):
    """`doit publish [LABEL …]`: the face of `packaging publish` in doit."""

    doc_purpose = "build, then publish, what has a `publish` field"
    doc_usage = "[LABEL ...]"
    cmd_options = (
        _flag("dry-run", "ask the registry, tell what would be done, do nothing"),
        _flag("insecure", "speak plain HTTP to other machines too"),
        {"name": "jobs", "long": "jobs", "type": int, "default": 8, "help": "how many are on their way at once"},
        _format("text", "json"),
    )

    def execute(self, opt_values: dict[str, Any], pos_args: list[str]) -> int:
        """Publish; return the exit code."""
        from packaging_targets.adapters.doit.build import build
        from packaging_targets.adapters.publishing import publish

        asked = _asked(self.cmd_options, opt_values, pos_args, "labels")
        return guarded(lambda options: publish(options, lambda labels: build(labels, None)), Namespace(**asked))


def _asked(
    options: Sequence[dict[str, Any]], opt_values: dict[str, Any], pos_args: list[str], words: str
) -> dict[str, Any]:
    """Return what options say, and under `words` what is left; options may stand behind what they are about."""
    left: list[str] = []
    found = dict(opt_values)
    while pos_args:
        left.append(pos_args[0])
        more, pos_args = CmdParse(map(CmdOption, options)).parse_only(pos_args[1:])
        found |= more
    return {words: left, "log_level": None, **{one["name"].replace("-", "_"): found[one["name"]] for one in options}}
