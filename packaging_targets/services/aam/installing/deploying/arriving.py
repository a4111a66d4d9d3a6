"""Puts what a bundle brings into a project, where nothing of anybody else is in its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from packaging_targets.errors import Problem, legible
from packaging_targets.formats.aam.bundle.contents import members_of
from packaging_targets.formats.aam.bundle.shared.documents import DOCUMENTS, Added, merged, without
from packaging_targets.formats.aam.bundle.shared.instructions import (
    digest_of,
    has_parts,
    is_instructions,
    parts_of,
    with_parts,
    without_parts,
)
from packaging_targets.formats.aam.bundle.values import Bundle
from packaging_targets.formats.plain_json import parse_json
from packaging_targets.model.digest import Digest
from packaging_targets.services.aam.installing.deploying.changes import Deployed
from packaging_targets.services.aam.installing.deploying.leaving import (
    document_bytes,
    members_known,
    parts_known,
    take_back,
)
from packaging_targets.services.aam.installing.deploying.records import Key, Record
from packaging_targets.services.aam.installing.deploying.standing import Standing

_FORCE = "move it away, or install with --force"
_TOGETHER = "build both anew of the same versions, or install with --force"


@dataclass(slots=True)
class Arriving:
    """One bundle on its way; `old` is what is known of the one that it replaces, `others` of all others."""

    standing: Standing
    bundle: Bundle
    done: Deployed
    old: Record
    others: Sequence[tuple[Key, Record]]
    force: bool

    def record(self) -> Record:
        """Work out what every file becomes, and return what is to be known of the bundle."""
        files: dict[str, str] = {}
        parts: dict[str, dict[str, str]] = {}
        members: dict[str, tuple[Added, ...]] = {}
        for path, file in self.bundle.deployed.items():
            if self.standing.is_other(path):
                what = f"a link or a folder stands at `{legible(path)}`, and no bundle writes there"
                self.done.problems.append(Problem(legible(path), what, "move it away"))
            elif path in DOCUMENTS:
                members[path] = self._document(path, file.data)
            elif is_instructions(path) and has_parts(text := file.data.decode()):
                parts[path] = self._instructions(path, text)
            elif self._own(path, file.data, executable=file.executable):
                files[path] = Digest.of(file.data).hex
        kept = self.bundle.deployed.keys()
        take_back(self.standing, self.done, self.old, kept, [one for _, one in self.others])
        return Record(self.done.version, files, parts, members)

    def _own(self, path: str, data: bytes, *, executable: bool) -> bool:
        """Put a file of the bundle's own in its place; tell whether it is the bundle's, and not of somebody's."""
        found, before = self.standing.data(path), self.old.files.get(path)
        owner = next((key for key, one in self.others if path in one.files), None)
        if found == data:
            return before is not None or owner is not None or self.force
        if found is not None and not self.force:
            if before is None and owner is None:
                self._refuse(path, f"`{legible(path)}` is there already, and is not from `{self.done.name}`")
            elif before is None:
                self._refuse(path, self._differs(f"`{legible(path)}`", owner), _TOGETHER)
            elif self.standing.digest(path) != before:
                self._refuse(path, f"`{legible(path)}` was changed since `{self.done.name}` brought it")
            elif owner is not None:
                self.done.warn(path, self._differs(f"`{legible(path)}`", owner), "build that one anew too")
        self.done.put(self.standing, path, data, executable=executable)
        self._warn_of_programs(path)
        return True

    def _instructions(self, path: str, bundle: str) -> dict[str, str]:
        """Put marked parts into a file of instructions."""
        parts, known = parts_of(bundle), self.old.parts.get(path, {})
        others = parts_known(self.standing, path, [one for _, one in self.others])
        text = self.standing.text(path)
        there = parts_of(text or "")
        for mark, part in parts.items():
            found = digest_of(there[mark]) if mark in there else ""
            if not found or there[mark] == part or known.get(mark) == found or self.force:
                continue
            if found in others.get(mark, ()):
                owner = next(key for key, one in self.others if any(mark in of for of in one.parts.values()))
                self._refuse(path, self._differs(f"the part `{mark}` of `{path}`", owner), _TOGETHER)
            else:
                self._refuse(path, f"the part `{mark}` of `{path}` was changed, or is not from `{self.done.name}`")
        gone = {mark for mark in known if mark not in parts and mark not in others}
        gone = {mark for mark in gone if known[mark] == digest_of(there.get(mark, ""))}
        left = text if text is None else without_parts(text, gone)
        self.done.put(self.standing, path, with_parts(left, bundle).encode())
        return {mark: digest_of(part) for mark, part in parts.items()}

    def _document(self, path: str, data: bytes) -> tuple[Added, ...]:
        """Merge a JSON document; what another bundle has brought already is this one's too."""
        problems: list[Problem] = []
        others = members_known(path, [one for _, one in self.others])
        known = self.old.members.get(path, ())
        current = self.standing.document(path, problems)
        self.done.problems += problems
        mine, _ = without(current or {}, [one for one in known if one not in others])
        new = parse_json(data).value
        value, _, clashes = merged(mine, new, force=self.force)
        for member in clashes if not self.force else ():
            self._refuse_member(path, member)
        people, _ = without(mine, others)
        added = tuple(merged(people, new, force=self.force)[1])
        if value != current:
            self.done.put(self.standing, path, document_bytes(value))
        if added != known:
            self._warn_of_programs(path)
        return added

    def _refuse_member(self, path: str, member: str) -> None:
        for owner, one in self.others:
            if member in {".".join(added.path) for added in one.members.get(path, ())}:
                self._refuse(path, self._differs(f"`{member}` of `{path}`", owner), _TOGETHER)
                return
        self._refuse(path, f"`{path}` has another `{member}` than `{self.done.name}` brings")

    def _warn_of_programs(self, path: str) -> None:
        if members := members_of(path):
            kind = "hooks" if "hooks" in members else "MCP servers"
            what = f"`{self.done.name}` brings {kind}, which run programs: see `{path}`"
            self.done.warn(path, what, f"take it back with: aam uninstall {self.done.name}")

    def _differs(self, what: str, owner: Key | None) -> str:
        name, target = owner or ("", "")
        version = next((one.version for key, one in self.others if key == owner), "")
        return f"{what} is otherwise in `{name}` {version} ({target}), which was built with another version of it"

    def _refuse(self, path: str, what: str, fix: str = _FORCE) -> None:
        self.done.problems.append(Problem(legible(path), what, fix))
