"""What is in an archive, for people: its readme, what it gives to agents, its files. Read in one pass, under limits.

Of files only those are kept that describe something, and these while they are looked at; of all others no more is
known afterwards than their size and digest. So an archive that unpacks to much takes little memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from packaging_targets.formats.aam.artifacts.discovery import find_artifacts
from packaging_targets.formats.aam.artifacts.values import Artifacts
from packaging_targets.formats.aam.package.reader import PackageReader
from packaging_targets.model.digest import Digest

MAX_README = 64 << 10
"""The most bytes of a readme that are shown; what is behind them is cut off."""
MAX_ITEMS = 300
_MAX_DESCRIBING = 128 << 10
_MAX_KEPT = 4 << 20
_DESCRIBING = (".md", ".yaml", ".yml", ".json")
_READMES = ("readme.md", "readme.markdown", "readme.txt", "readme")


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a package gives to agents: `kind` is `skill`, `command`, `agent`, `rule`, `hook` or `server`."""

    kind: str
    name: str
    description: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a package: its bytes, and their SHA-256 as hex."""

    path: str
    size: int
    digest: str
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in an archive: `value` is its manifest, and `faults` counts what describes something and cannot be read.

    `readme` is Markdown, empty where there is none; `readme_cut` tells that there is more of it. `items` are
    MAX_ITEMS at most. `digest` is that of the archive.
    """

    value: Mapping[str, Any]
    readme: str
    readme_cut: bool
    items: tuple[Item, ...]
    faults: int
    files: tuple[Member, ...]
    digest: Digest


def read_contents(archive: BinaryIO, where: str) -> Contents:
    """Return what is in an archive, called `where` in messages; raises IntegrityError where it is not in order."""
    reader = PackageReader(archive, where)
    kept: dict[str, bytes] = {}
    members = []
    room = _MAX_KEPT
    for file in reader:
        limit = min(room, _MAX_DESCRIBING) if file.path.lower().endswith(_DESCRIBING) or _is_readme(file.path) else 0
        data, member = _read(reader, file.path, limit, executable=file.executable)
        kept[file.path] = data if len(data) == member.size or _is_readme(file.path) else b""
        room -= len(kept[file.path])
        members.append(member)
    readme = _readme(kept)
    artifacts = find_artifacts(reader.manifest, kept, where)
    items = tuple(_items(artifacts))[:MAX_ITEMS]
    text = readme[:MAX_README].decode("utf-8", "replace")
    whole = len(readme) <= MAX_README
    return Contents(reader.manifest.value, text, not whole, items, len(artifacts.errors), tuple(members), reader.digest)


def read_texts(archive: BinaryIO, where: str, paths: frozenset[str], limit: int) -> Mapping[str, str]:
    """Return the texts of some files of an archive by path, without those of more bytes than `limit` or not UTF-8."""
    reader = PackageReader(archive, where)
    found = {}
    for file in reader:
        if file.path in paths and file.size <= limit:
            data = b"".join(reader.content())
            try:
                found[file.path] = data.decode("utf-8-sig")
            except UnicodeDecodeError:
                continue
    return found


def _read(reader: PackageReader, path: str, limit: int, *, executable: bool) -> tuple[bytes, Member]:
    """Return the first bytes of the present file, `limit` at most, and what it is."""
    digest, size, kept = hashlib.sha256(), 0, bytearray()
    for piece in reader.content():
        digest.update(piece)
        size += len(piece)
        kept += piece[: max(limit - len(kept), 0)]
    return bytes(kept), Member(path, size, digest.hexdigest(), executable)


def _is_readme(path: str) -> bool:
    return path.lower() in _READMES


def _readme(kept: Mapping[str, bytes]) -> bytes:
    found = sorted(filter(_is_readme, kept), key=lambda path: _READMES.index(path.lower()))
    return kept[found[0]] if found else b""


def _items(artifacts: Artifacts) -> Iterator[Item]:
    for skill in artifacts.skills:
        yield Item("skill", skill.name, skill.description, skill.path)
    for agent in artifacts.agents:
        yield Item("agent", agent.name, agent.description, agent.path)
    for command in artifacts.commands:
        yield Item("command", command.name, command.description, command.path)
    for rule in artifacts.rules:
        yield Item("rule", rule.name, rule.description, rule.path)
    for hook in artifacts.hooks.hooks if artifacts.hooks else ():
        yield Item("hook", hook.event, hook.text)
    for name, server in artifacts.servers.servers.items() if artifacts.servers else ():
        yield Item("server", name, str(server.get("url") or server.get("command") or ""))
