"""Bundles: their files go into the project as they are, nothing is resolved, and nothing that people wrote is lost.

`.agent-packages/.deployed.json` knows of each bundle what it brought: files with their digests, parts of shared files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging_targets.errors import BuildError, Problem, RequestError, legible, raise_all, reason
from packaging_targets.formats.aam.bundle.archive import may_write, read_bundle
from packaging_targets.formats.aam.bundle.merging import (
    DOCUMENTS,
    as_values,
    digest_of,
    from_values,
    has_parts,
    merged,
    parts_of,
    with_parts,
    without,
    without_parts,
)
from packaging_targets.formats.aam.bundle.values import Bundle
from packaging_targets.model.digest import Digest
from packaging_targets.services.aam.installing.project import Project, damaged, state_bytes, unwritable
from packaging_targets.store.aam.places import DEPLOYED, STAGING
from packaging_targets.store.journal import Journal

_FORCE = "move it away, or install with --force"


@dataclass(slots=True)
class Deployed:
    """A bundle that comes or goes: what its files become (None: they are gone), and what will be known of it."""

    name: str
    version: str
    target: str
    files: dict[str, bytes | None] = field(default_factory=dict)
    executables: set[str] = field(default_factory=set)
    record: dict[str, Any] | None = None
    warnings: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def deployment(project: Project, path: str, *, force: bool) -> Deployed:
    """Return what deploying a bundle comes to; raises IntegrityError, or RequestError with all that is in its way."""
    try:
        with open(project.path(path), "rb") as file:
            bundle = read_bundle(file, path)
    except OSError as error:
        raise BuildError.one(f"`{path}` cannot be read: {reason(error)}", path) from error
    name = str(bundle.about["package"])
    done = Deployed(name, str(bundle.about["package_version"]), bundle.target)
    deploying = _Deploying(project, bundle, done, _records(project, name).get(bundle.target, {}), force=force)
    deploying.run()
    raise_all(done.problems, RequestError)
    return done


def withdrawal(project: Project, name: str) -> Deployed:
    """Return what taking a bundle back comes to: what nobody has changed goes, all else stays, and is told."""
    records = _records(project, name)
    done = Deployed(name, "", ", ".join(records))
    for record in records.values():
        for path, digest in record["files"].items():
            _remove(project, done, path, digest)
        for path, known in record["merged"].items():
            _take_out(project, done, path, known)
    return done


def deploy(project: Project, deployments: Sequence[Deployed], journal: Journal) -> None:
    """Let a journal write what bundles come to, and what is known of them."""
    known = {name: dict(records) for name, records in project.deployed.items()}
    for number, one in enumerate(deployments):
        for path, data in one.files.items():
            _write(project, journal, path, data, f"deployed-{number}" if path in one.executables else "")
        if one.record is None:
            del known[one.name]
        else:
            known.setdefault(one.name, {})[one.target] = one.record
    journal.write(DEPLOYED, state_bytes(known))


def _write(project: Project, journal: Journal, path: str, data: bytes | None, staged: str) -> None:
    if data is None:
        journal.remove(path)
    elif not staged:
        journal.write(path, data)
    else:
        beside = f"{STAGING}/{staged}-{len(data)}-{Digest.of(path.encode()).short}"
        try:
            with open(project.path(beside), "xb") as file:
                file.write(data)
            os.chmod(project.path(beside), 0o755)  # noqa: S103  # as an archive has it
        except OSError as error:
            raise unwritable(beside, error) from error
        journal.move(beside, path, replacing=True)


def _records(project: Project, name: str) -> Mapping[str, Any]:
    """Return what is known of a package's bundles, by platform: files that bundles may write alone, whoever says so."""
    records: Mapping[str, Any] = project.deployed.get(name, {})
    try:
        known = all(
            may_write(target, path) for target, one in records.items() for path in (*one["files"], *one["merged"])
        )
    except (LookupError, TypeError, AttributeError):
        known = False
    if not known:
        raise damaged(DEPLOYED)
    return records


@dataclass(slots=True)
class _Deploying:
    project: Project
    bundle: Bundle
    done: Deployed
    old: Mapping[str, Any]
    force: bool

    def run(self) -> None:
        """Work out what every file becomes."""
        files: dict[str, str] = {}
        shared: dict[str, Any] = {}
        for path, file in self.bundle.deployed.items():
            if path in DOCUMENTS:
                shared[path] = self._document(path, file.data)
            elif has_parts(file.data):
                shared[path] = self._instructions(path, file.data)
            else:
                files[path] = Digest.of(file.data).hex
                self._own(path, file.data, executable=file.executable)
        for path, digest in self.old.get("files", {}).items():
            if path not in files:
                _remove(self.project, self.done, path, digest)
        for path, known in self.old.get("merged", {}).items():
            if path not in shared:
                _take_out(self.project, self.done, path, known)
        self.done.record = {"version": self.done.version, "files": files, "merged": shared}

    def _own(self, path: str, data: bytes, *, executable: bool) -> None:
        """Put a file of the bundle's own in its place, where nobody else has one."""
        current = _current(self.project, path)
        if current == data:
            return
        if current is not None and not self.force:
            before = self.old.get("files", {}).get(path)
            if before is None:
                self._refuse(path, f"`{legible(path)}` is there already, and is not from `{self.done.name}`")
            elif Digest.of(current).hex != before:
                self._refuse(path, f"`{legible(path)}` was changed since `{self.done.name}` brought it")
        self.done.files[path] = data
        if executable:
            self.done.executables.add(path)

    def _instructions(self, path: str, data: bytes) -> Mapping[str, Any]:
        """Put marked parts into a file of instructions."""
        current, bundle = _text(self.project, path), data.decode()
        parts = parts_of(bundle)
        known = self.old.get("merged", {}).get(path, {}).get("parts", {})
        there = parts_of(current or "")
        for mark, part in there.items():
            is_ours = known.get(mark) == digest_of(part) or parts.get(mark) == part
            if mark in parts and not is_ours and not self.force:
                self._refuse(path, f"the part `{mark}` of `{path}` was changed, or is not from `{self.done.name}`")
        gone = [mark for mark in known if mark not in parts and known[mark] == digest_of(there.get(mark, ""))]
        if gone and current is not None:
            current = without_parts(current, gone)
        new = with_parts(current, bundle).encode()
        if new != _current(self.project, path):
            self.done.files[path] = new
        return {"parts": {mark: digest_of(part) for mark, part in parts.items()}}

    def _document(self, path: str, data: bytes) -> Mapping[str, Any]:
        """Merge a JSON document."""
        known = list(from_values(self.old.get("merged", {}).get(path, {}).get("added", ())))
        current = _json(self.project, path, self.done.problems)
        start, _ = without(current or {}, known)
        value, added, clashes = merged(start, json.loads(data), force=self.force)
        for member in clashes if not self.force else ():
            self._refuse(path, f"`{path}` has another `{member}` than `{self.done.name}` brings")
        if value != current:
            self.done.files[path] = _json_bytes(value)
        return {"added": as_values(added)}

    def _refuse(self, path: str, what: str) -> None:
        self.done.problems.append(Problem(legible(path), what, _FORCE))


def _remove(project: Project, done: Deployed, path: str, digest: str) -> None:
    current = _current(project, path)
    if current is None:
        return
    if Digest.of(current).hex == digest:
        done.files[path] = None
    else:
        done.warnings.append(
            Problem(legible(path), f"`{legible(path)}` was changed by somebody, and stays", "remove it")
        )


def _take_out(project: Project, done: Deployed, path: str, known: Mapping[str, Any]) -> None:
    if "parts" in known:
        text = _text(project, path)
        if text is None:
            return
        there = parts_of(text)
        gone = [mark for mark, digest in known["parts"].items() if mark in there and digest_of(there[mark]) == digest]
        stays = [mark for mark in known["parts"] if mark in there and mark not in gone]
        new = without_parts(text, gone)
        done.files[path] = None if new is None else new.encode()
    else:
        problems: list[Problem] = []
        value = _json(project, path, problems)
        done.warnings += problems
        if value is None:
            return
        rest, stays = without(value, list(from_values(known["added"])))
        done.files[path] = _json_bytes(rest) if rest else None
    for name in stays:
        done.warnings.append(Problem(path, f"`{name}` of `{path}` was changed by somebody, and stays", "remove it"))
    if done.files[path] == _current(project, path):
        del done.files[path]


def _current(project: Project, path: str) -> bytes | None:
    """Return the bytes of a file of the project; a link or folder there is for the journal to refuse."""
    if not os.path.isfile(project.path(path)) or os.path.islink(project.path(path)):
        return None
    return project.file(path)


def _text(project: Project, path: str) -> str | None:
    data = _current(project, path)
    if data is None:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise RequestError.one(
            f"`{path}` is not UTF-8, and nothing can be merged into it", path, "save it as UTF-8"
        ) from None


def _json(project: Project, path: str, problems: list[Problem]) -> Any:
    data = _current(project, path)
    if data is None:
        return None
    try:
        value = json.loads(data)
        if isinstance(value, dict):
            return value
    except ValueError:
        pass
    what = f"`{path}` is no JSON object without comments, and nothing can be merged into it"
    problems.append(Problem(path, what, "take its comments out, or add or remove by hand what the bundle has"))
    return None


def _json_bytes(value: Any) -> bytes:
    return f"{json.dumps(value, ensure_ascii=False, indent=2)}\n".encode()


def bundles(project: Project) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield what is deployed: the package, the platform, and what is known of it."""
    for name, records in sorted(project.deployed.items()):
        for target, record in sorted(records.items()):
            yield name, target, record
