"""A small workspace of every kind of rule, held in memory, with the edits that people make."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

_STAMP = """
from packaging_targets import Action


def analyse(context):
    text = context.target.fields["text"] + "{mark}"
    return [Action("write/1", {{"text": text}}, (), (context.output(context.target.label.name + ".stamp"),))]
"""
_STAMP_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "stamp",
    "description": "Write a text.",
    "type": "object",
    "properties": {"text": {"type": "string", "description": "The text."}},
    "required": ["text"],
}
_SORT = ["sh", "-c", 'find "$@" -type f -exec cat {{}} + | sort >"$0"', "{out}", "{srcs}", "{deps}"]
# Which files there are in the folder depends on what the sources hold.
_SPREAD = [
    "sh",
    "-c",
    'for f; do d="$0/$(head -c1 "$f")"; mkdir -p "$d"; cat "$f" >"$d/${{f##*/}}"; done',
    "{out}",
    "{srcs}",
]
_FORMATS = ["tar", "tar.gz", "tar.zst", "zip"]


@dataclass(frozen=True, slots=True)
class Source:
    """A file as the model has it; `link` is where a symbolic link leads."""

    data: bytes = b""
    executable: bool = False
    link: str = ""


@dataclass(slots=True)
class Entry:
    """A target: `package` is its folder, empty for the root."""

    package: str
    rule: str
    name: str
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"//{self.package}:{self.name}"

    def toml(self) -> str:
        values = {"name": self.name, **self.fields}
        return f"[[{self.rule}]]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in values.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


class Monorepo:
    """A workspace in memory. Each `edit_…` changes it and tells what it did: "" where it does not fit."""

    def __init__(self, seed: int, packages: int = 3) -> None:
        self.random = Random(seed)
        self.sources: dict[str, Source] = {}
        self.entries: list[Entry] = []
        self.comments: dict[str, str] = {}
        self._count = 0
        self.sources["rules/stamp/schema.json"] = Source(json.dumps(_STAMP_SCHEMA).encode())
        self.edit_rule()
        self.entries.append(Entry("", "packaging_registry", "index"))
        self.entries.append(Entry("features", "feature_collection", "all"))
        for _ in range(2):
            self.edit_add_feature()
        for _ in range(packages):
            self.edit_add_package()
        for rule in ("archive", "command", "service", "stamp"):
            self._add_entry(rule, self.random.choice(self.packages()))

    def packages(self) -> list[str]:
        return sorted({entry.package for entry in self.entries if entry.package.startswith("m")})

    def files(self) -> dict[str, Source]:
        """Return every file of the workspace."""
        found = dict(self.sources)
        found["pyproject.toml"] = Source(b'[tool.doit]\nloader = "packaging"\n')
        for package in {entry.package for entry in self.entries}:
            tables = [entry.toml() for entry in self.entries if entry.package == package]
            head = ["[workspace]\n"] if package == "" else []
            path = f"{package}/TARGETS.toml" if package else "TARGETS.toml"
            text = "\n".join([self.comments.get(package, ""), *head, *tables])
            found[path] = Source(text.encode())
        return found

    # Edits --------------------------------------------------------------------------------------------------

    def edits(self) -> list[Callable[[], str]]:
        return [getattr(self, name) for name in sorted(dir(self)) if name.startswith("edit_")]

    def edit(self) -> str:
        """Make one random edit; return what it was."""
        while True:
            if told := self.random.choice(self.edits())():
                return told

    def edit_add_file(self) -> str:
        folder = self.random.choice(["", "sub/", "sub/deep/"])
        path = f"{self.random.choice(self.packages())}/{folder}{self._new('f')}.txt"
        self.sources[path] = Source(self._text())
        return f"add file {path}"

    def edit_add_link(self) -> str:
        path = f"{self.random.choice(self.packages())}/{self._new('l')}.lnk"
        self.sources[path] = Source(link="keep.txt")
        return f"add link {path}"

    def edit_file(self) -> str:
        path = self.random.choice(self._plain())
        self.sources[path] = replace(self.sources[path], data=self._text())
        return f"edit {path}"

    def edit_same_size(self) -> str:
        path = self.random.choice(self._plain())
        source = self.sources[path]
        self.sources[path] = replace(source, data=source.data[:-2] + bytes([source.data[-2] ^ 1]) + b"\n")
        return f"edit {path} to the same size"

    def edit_mode(self) -> str:
        path = self.random.choice(self._plain())
        self.sources[path] = replace(self.sources[path], executable=not self.sources[path].executable)
        return f"chmod {path}"

    def edit_remove_file(self) -> str:
        path = self._added()
        if not path:
            return ""
        del self.sources[path]
        return f"remove {path}"

    def edit_move_file(self) -> str:
        path = self._added()
        if not path:
            return ""
        to = f"{self.random.choice(self.packages())}/{self._new('f')}.txt"
        self.sources[to] = self.sources.pop(path)
        return f"move {path} to {to}"

    def edit_feature(self) -> str:
        path = self.random.choice(sorted(path for path in self.sources if path.endswith("/install.sh")))
        self.sources[path] = replace(self.sources[path], data=b"#!/bin/sh\necho " + self._text())
        return f"edit {path}"

    def edit_feature_version(self) -> str:
        path = self.random.choice(sorted(path for path in self.sources if path.endswith("-feature.json")))
        metadata = json.loads(self.sources[path].data)
        metadata["version"] = f"1.0.{self._number()}"
        self.sources[path] = Source(json.dumps(metadata).encode())
        return f"raise the version in {path}"

    def edit_add_feature(self) -> str:
        name = self._new("feature")
        metadata = {"id": name, "version": "1.0.0", "name": name}
        self.sources[f"features/src/{name}/devcontainer-feature.json"] = Source(json.dumps(metadata).encode())
        self.sources[f"features/src/{name}/install.sh"] = Source(b"#!/bin/sh\necho " + self._text())
        return f"add feature {name}"

    def edit_remove_feature(self) -> str:
        names = sorted({path.split("/")[2] for path in self.sources if path.startswith("features/src/")})
        if len(names) < 2:
            return ""
        self._remove_below(f"features/src/{self.random.choice(names)}/")
        return "remove a feature"

    def edit_field(self) -> str:
        entry = self.random.choice([entry for entry in self.entries if entry.rule in _FIELDS])
        entry.fields.update(_FIELDS[entry.rule](self.random, self._number()))
        return f"edit fields of {entry.label}: {entry.fields}"

    def edit_comment(self) -> str:
        package = self.random.choice(self.packages())
        self.comments[package] = f"# {self._number()}\n"
        return f"edit a comment of //{package}"

    def edit_add_target(self) -> str:
        rule = self.random.choice(["archive", "command", "service", "stamp"])
        return f"add {self._add_entry(rule, self.random.choice(self.packages()))}"

    def edit_remove_target(self) -> str:
        spared = {label for entry in self.entries for label in entry.fields.get("deps", ())}
        found = [entry for entry in self._own() if entry.label not in spared and not self._is_last(entry)]
        if not found:
            return ""
        entry = self.random.choice(found)
        self.entries.remove(entry)
        return f"remove target {entry.label}"

    def edit_rename_target(self) -> str:
        entry = self.random.choice(self._own())
        old = entry.label
        entry.name = self._new("t")
        if "outs" in entry.fields:
            entry.fields["outs"] = [entry.fields["outs"][0].replace(old.partition(":")[2], entry.name)]
        for other in self.entries:
            if old in other.fields.get("deps", ()):
                other.fields["deps"] = [entry.label if dep == old else dep for dep in other.fields["deps"]]
        return f"rename {old} to {entry.label}"

    def edit_deps(self) -> str:
        found = [entry for entry in self.entries if entry.rule in {"archive", "command"}]
        entry = self.random.choice(found)
        entry.fields["deps"] = self._some_deps(self.entries.index(entry))
        return f"edit deps of {entry.label}: {entry.fields['deps']}"

    def edit_add_package(self) -> str:
        inside = f"{self.random.choice(self.packages())}/" if self._count > 9 and self.random.random() < 0.3 else ""
        package = f"{inside}{self._new('m')}"
        self.sources[f"{package}/keep.txt"] = Source(self._text())
        self._add_entry("archive", package)
        return f"add package {package}"

    def edit_remove_package(self) -> str:
        package = self.random.choice(self.packages())
        gone = [entry for entry in self.entries if f"{entry.package}/".startswith(f"{package}/")]
        used = {dep for entry in self.entries if entry not in gone for dep in entry.fields.get("deps", ())}
        if len(self.packages()) < 3 or any(entry.label in used for entry in gone):
            return ""
        self.entries = [entry for entry in self.entries if entry not in gone]
        self._remove_below(f"{package}/")
        return f"remove package {package}"

    def edit_rule(self) -> str:
        self.sources["rules/stamp/rule.py"] = Source(_STAMP.format(mark=self._number()).encode())
        return "edit the rule stamp"

    # How edits choose ---------------------------------------------------------------------------------------

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _new(self, stem: str) -> str:
        return f"{stem}{self._number()}"

    def _text(self) -> bytes:
        # Some files are large enough that a kill finds them half written.
        size = self.random.choice([1, 3, 40, 20000])
        return b"".join(b"%x\n" % self.random.getrandbits(64) for _ in range(size))

    def _plain(self) -> list[str]:
        return sorted(path for path, source in self.sources.items() if path.endswith(".txt") and not source.link)

    def _added(self) -> str:
        """Return a plain source that nothing counts on, or nothing where there is none."""
        found = [path for path in self._plain() if "/f" in path]
        return self.random.choice(found) if found else ""

    def _own(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.package.startswith("m")]

    def _is_last(self, entry: Entry) -> bool:
        return sum(other.package == entry.package for other in self.entries) == 1

    def _some_deps(self, before: int) -> list[str]:
        found = [entry.label for entry in self.entries[:before] if entry.rule in {"archive", "command", "stamp"}]
        return sorted(self.random.sample(found, min(len(found), self.random.randint(0, 2))))

    def _add_entry(self, rule: str, package: str) -> str:
        entry = Entry(package, rule, self._new("t"))
        if rule == "command":
            argv, out = self.random.choice([(_SORT, f"{entry.name}.out"), (_SPREAD, f"{entry.name}.d/")])
            entry.fields = {"argv": argv, "srcs": ["**/*.txt"], "outs": [out]}
        elif rule == "stamp":
            entry.fields = {"text": self._new("text ")}
        elif rule == "service":
            entry.fields = {"template": "python", "command": ["python", "main.py"]}
        if rule in {"archive", "command"}:
            entry.fields["deps"] = self._some_deps(len(self.entries))
        self.entries.append(entry)
        return f"{rule} {entry.label}"

    def _remove_below(self, prefix: str) -> None:
        self.sources = {path: source for path, source in self.sources.items() if not path.startswith(prefix)}


_FIELDS: dict[str, Callable[[Random, int], dict[str, Any]]] = {
    "archive": lambda random, number: random.choice(
        [
            {"format": random.choice(_FORMATS)},
            {"prefix": f"p{number}"},
            {"exclude": random.choice([[], ["sub/**"], ["*.lnk"]])},
            {"executable": random.choice([[], ["**"], ["keep.txt"]])},
        ]
    ),
    "command": lambda _, number: {"env": {"NUMBER": str(number)}},
    "service": lambda _, number: {"port": 8000 + number},
    "stamp": lambda _, number: {"text": f"text {number}"},
}
