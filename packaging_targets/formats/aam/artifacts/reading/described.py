"""Skills, commands, agents and rules, read from the files that describe them."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from packaging_targets.formats.aam.artifacts.front_matter import Document, read_document, read_yaml_document
from packaging_targets.formats.aam.artifacts.reading.fields import (
    AGENT,
    COMMAND,
    OLDER_AGENT,
    PROMPT,
    RULE,
    SKILL,
    Found,
    Kind,
    check_fields,
    check_modes,
    check_name,
)
from packaging_targets.formats.aam.artifacts.reading.package_root import exists, references
from packaging_targets.formats.aam.artifacts.values import Agent, Command, Rule, Skill

SKILL_FILE, AGENT_FILE, RULE_FILE, RULE_SUFFIX = "SKILL.md", "agent.yaml", "RULE.md", ".rule.md"
_PROMPT_FILE = "system-prompt.md"
_CODE = re.compile(r"`[^`]*`")
_BRACE = re.compile(r"[{}]")

_LINK = re.compile(r"\]\(([A-Za-z0-9_.][^()\s#?:]*)(?:[#?][^()\s]*)?(?:\s[^()]*)?\)")
_FENCE = ("```", "~~~")


def links(document: Document) -> Iterator[tuple[int, str]]:
    """Yield the relative paths that a text links to, outside of code, with their lines."""
    is_code = False
    for at, line in document.lines:
        is_code ^= line.lstrip().startswith(_FENCE)
        for found in () if is_code else _LINK.finditer(_CODE.sub("", line)):
            if not found[1].endswith("/"):
                yield at, found[1]


class Reading:
    """Reads what files of one package describe; `folder` is what the package's folder is called in messages."""

    def __init__(self, files: Mapping[str, bytes], folder: str, found: Found) -> None:
        self.files = files
        self.found = found
        self._folder = folder

    def where(self, path: str) -> str:
        """Return what a path in the package is called in messages."""
        return f"{self._folder}/{path}" if self._folder else path

    def skill(self, path: str) -> Skill | None:
        """Return the skill that a SKILL.md describes, or None where something is wrong with it."""
        document = self._document(path, SKILL)
        if document is None:
            return None
        folder = path.removesuffix(SKILL_FILE)
        name = self._name(document, "skill", folder.rstrip("/").rpartition("/")[2])
        files = tuple(sorted(file for file in self.files if file.startswith(folder)))
        for at, link in links(document):
            if (leads := posixpath.normpath(folder + link)) not in files:
                what = (
                    f"`{link}` leads to `{leads}`, which is not in the folder of the skill, and so not deployed with it"
                )
                self.found.warning(f"{document.where}:{at}", what)
        description = document.fields["description"]
        return Skill(name, description, path, document.fields, document.front, document.body, files)

    def command(self, path: str) -> Command | None:
        """Return the command that a file describes."""
        document = self._document(path, COMMAND)
        if document is None:
            return None
        name = self._name(document, "command", path.rpartition("/")[2].removesuffix(".md"))
        if not document.body.strip():
            self.found.error(document.place(), f"the command `{name}` has no text")
        return Command(name, document.fields.get("description") or "", path, document.fields, document.body)

    def agent(self, path: str) -> Agent | None:
        """Return the agent that an agent.yaml and its system prompt describe, or one file of the older form."""
        if not path.endswith(AGENT_FILE):
            document = self._document(path, OLDER_AGENT)
            expected = path.rpartition("/")[2].removesuffix(".md")
            return self._agent(path, expected, document, document) if document else None
        document = self._document(path, AGENT)
        if document is None:
            return None
        folder = path.removesuffix(AGENT_FILE)
        prompt_path = folder + (document.fields.get("system_prompt") or _PROMPT_FILE).removeprefix("./")
        if prompt_path not in self.files:
            fix = "write it, or name it in `system_prompt`"
            self.found.error(document.place("system_prompt"), f"the system prompt `{prompt_path}` is not there", fix)
            return None
        prompt = self._document(prompt_path, PROMPT)
        return self._agent(path, folder.rstrip("/").rpartition("/")[2], document, prompt) if prompt else None

    def rule(self, path: str) -> Rule | None:
        """Return the rule that a RULE.md or a .rule.md describes."""
        document = self._document(path, RULE)
        if document is None:
            return None
        folder, _, file = path.rpartition("/")
        expected = folder.rpartition("/")[2] if file == RULE_FILE else file.removesuffix(RULE_SUFFIX)
        name = self._name(document, "rule", expected)
        mode, globs = self._applies(document)
        fields = document.fields
        platforms, refs = fields.get("agents") or {}, tuple(fields.get("refs") or ())
        return Rule(name, fields["description"], path, mode, globs, platforms, refs, document.body)

    def _agent(self, path: str, expected: str, document: Document, prompt: Document) -> Agent:
        name = self._name(document, "agent", expected)
        if not prompt.body.strip():
            self.found.error(prompt.place(), f"the agent `{name}` has no system prompt")
        fields = {**prompt.fields, **document.fields}
        return Agent(name, document.fields["description"], path, fields, prompt.body)

    def _document(self, path: str, kind: Kind) -> Document | None:
        read = read_yaml_document if path.endswith(AGENT_FILE) else read_document
        document = self.found.attempt(lambda: read(self.files[path], self.where(path)))
        if document is None or not check_fields(document, kind, self.found):
            return None
        for at, line in document.lines:
            for named in references(line, self.files):
                if not exists(named, self.files):
                    what = f"`${{PACKAGE_ROOT}}/{named}` is named, which the package does not have"
                    self.found.error(f"{self.where(path)}:{at}", what)
        return document

    def _name(self, document: Document, kind: str, expected: str) -> str:
        given: str | None = document.fields.get("name")
        name = expected if given is None else given
        check_name(name, document.place("name"), kind, self.found, expected)
        return name

    def _applies(self, document: Document) -> tuple[str, tuple[str, ...]]:
        """Return when a rule applies, and to which files; without `apply`, Cursor's own fields say it."""
        fields = document.fields
        apply = fields.get("apply")
        for field, value in (("globs", fields.get("globs")), ("apply", (apply or {}).get("globs"))):
            for glob in _globs(value):
                if what := _glob_fault(glob):
                    fix = 'write what it matches, seen from the project, as in `"src/**/*.py"`'
                    self.found.error(document.place(field), f"the glob {json.dumps(glob)} {what}", fix)
        if apply is None:
            globs = _globs(fields.get("globs"))
            usual = "files" if globs else "intelligent"
            return ("always" if fields.get("alwaysApply") else usual), globs
        globs = _globs(apply.get("globs"))
        mode = check_modes(apply.get("mode") or "intelligent", document.place("apply"), self.found)
        if mode == "files" and not globs:
            fix = 'write `globs: ["**/*.py"]` below `apply`'
            self.found.error(document.place("apply"), "the mode `files` needs `globs`", fix)
        return mode, globs


def _globs(value: Any) -> tuple[str, ...]:
    """Return globs, which may be one text with commas between them, but not those in braces."""
    if value is None:
        return ()
    if isinstance(value, list):
        return tuple(value)
    parts: list[str] = []
    depth = 0
    for piece in str(value).split(","):
        parts[-1:] = [f"{parts[-1]},{piece}"] if depth else [*parts[-1:], piece]
        depth += piece.count("{") - piece.count("}")
    return tuple(part.strip() for part in parts if part.strip())


def _glob_fault(glob: str) -> str:
    """Return why a glob is none that every platform understands alike, empty where it is one."""
    if not glob.strip() or not glob.isprintable():
        return "is empty" if not glob.strip() else "has a character that cannot be seen"
    if glob.startswith("!"):
        return "says what not to match, which no platform knows"
    if glob.startswith("/") or ".." in glob.split("/"):
        return "leads out of the project"
    depth = 0
    for brace in _BRACE.findall(glob):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    return "has a brace without its other half" if depth else ""
