"""Agent packages as folders and archives, and registries of them: in a folder, and in memory."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from packaging_targets.adapters.cli.aam.program import make_parser
from packaging_targets.adapters.cli.aam.telling import run
from packaging_targets.adapters.guard import guarded
from packaging_targets.formats.aam.integrity import integrity_of
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.model.digest import Digest
from packaging_targets.model.versions.semver import SemanticVersion
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.protocol import Published, Registry, Summary

Ranges = Mapping[str, str]


def manifest_of(name: str, version: str, **members: Any) -> dict[str, Any]:
    """The value of a manifest; `dependencies` and others that are empty are left out."""
    value = {"name": name, "version": version, "description": f"{name}, for tests.", **members}
    return {key: one for key, one in value.items() if one}


def files_of(
    name: str,
    version: str,
    dependencies: Ranges | None = None,
    skills: Sequence[str] = ("review",),
    files: Mapping[str, str] | None = None,
    **members: Any,
) -> dict[str, bytes]:
    """The files of a package: its manifest, its skills, and others; `members` are further ones of the manifest."""
    value = manifest_of(name, version, dependencies=dict(dependencies or {}), **members)
    found = {"package.agent.json": json.dumps(value, indent=2).encode()}
    for skill in skills:
        text = f"---\nname: {skill}\ndescription: What {skill} does in {name} {version}.\n---\n# {skill}\n"
        found[f"skills/{skill}/SKILL.md"] = text.encode()
    found |= {path: text.encode() for path, text in (files or {}).items()}
    return found


def package(
    folder: Path,
    name: str,
    version: str = "1.0.0",
    dependencies: Ranges | None = None,
    skills: Sequence[str] = ("review",),
    files: Mapping[str, str] | None = None,
    **members: Any,
) -> Path:
    """Write a package into a folder, which is returned."""
    for path, data in files_of(name, version, dependencies, skills, files, **members).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """An archive of files as anybody might have made it, good or not: in the order given."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), 6, mtime=0)


def packed(name: str, version: str = "1.0.0", dependencies: Ranges | None = None, **given: Any) -> bytes:
    """The archive of a package; what `files_of` takes says what is in it."""
    return archive_of(dict(sorted(files_of(name, version, dependencies, **given).items())))


def publish(
    registry: Registry,
    name: str,
    version: str = "1.0.0",
    dependencies: Ranges | None = None,
    *,
    tag: str = "",
    **given: Any,
) -> Published:
    """Publish a package that is made for it."""
    return registry.publish(io.BytesIO(packed(name, version, dependencies, **given)), tag)


class MemoryRegistry:
    """A registry in memory, for those who only read one: `asked` counts the questions by name."""

    def __init__(self, url: str = "file:///memory") -> None:
        self.url = url
        self.packages: dict[str, PackageMetadata] = {}
        self.archives: dict[tuple[str, str], bytes] = {}
        self.asked: dict[str, int] = {}

    def add(
        self,
        name: str,
        version: str = "1.0.0",
        dependencies: Ranges | None = None,
        *,
        data: bytes = b"",
        **given: Any,
    ) -> MemoryRegistry:
        """Add a version; its archive is `data`, and `given` are further members of its `Release`."""
        release = Release(
            SemanticVersion.parse(version),
            integrity_of(Digest.of(data)),
            f"versions/{version}.aam",
            size=len(data),
            dependencies=dict(dependencies or {}),
            **given,
        )
        known = self.packages.get(name)
        releases = {**(known.releases if known else {}), version: release}
        self.packages[name] = PackageMetadata(PackageName.parse(name), releases, known.tags if known else {})
        self.archives[name, version] = data
        return self

    def tag(self, name: str, tag: str, version: str) -> MemoryRegistry:
        """Let a tag lead to a version."""
        known = self.packages[name]
        self.packages[name] = PackageMetadata(known.name, known.releases, {**known.tags, tag: version})
        return self

    def metadata(self, name: PackageName) -> PackageMetadata | None:
        self.asked[str(name)] = self.asked.get(str(name), 0) + 1
        return self.packages.get(str(name))

    def names(self) -> Iterator[PackageName]:
        yield from (known.name for _, known in sorted(self.packages.items()))

    def summaries(self) -> Iterator[Summary]:
        for name, known in sorted(self.packages.items()):
            yield Summary(PackageName.parse(name), known.tags.get("latest", ""), tuple(known.releases))

    def search(self, text: str, limit: int) -> Sequence[Summary]:
        return [one for one in self.summaries() if text in str(one.name)][:limit]

    def open(self, name: PackageName, release: Release) -> AbstractContextManager[BinaryIO]:
        return _opened(self.archives[str(name), str(release.version)])

    def signature(self, name: PackageName, release: Release) -> bytes | None:
        raise NotImplementedError

    def publish(self, archive: BinaryIO, tag: str = "", signature: bytes = b"") -> Published:
        raise NotImplementedError

    def set_tag(self, name: PackageName, tag: str, version: str) -> None:
        raise NotImplementedError

    def remove_tag(self, name: PackageName, tag: str) -> None:
        raise NotImplementedError

    def yank(self, name: PackageName, version: str, reason: str = "") -> None:
        raise NotImplementedError

    def unyank(self, name: PackageName, version: str) -> None:
        raise NotImplementedError

    def deprecate(self, name: PackageName, version: str, message: str) -> None:
        raise NotImplementedError


@contextmanager
def _opened(data: bytes) -> Iterator[BinaryIO]:
    yield io.BytesIO(data)


@dataclass
class Place:
    """A registry in a folder, a project, and a home of its own; the project is the current folder."""

    root: Path

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def registry(self) -> FolderRegistry:
        return FolderRegistry(str(self.root / "registry"), lambda: 1_700_000_000)

    @property
    def url(self) -> str:
        return self.registry.url

    def publish(self, name: str, version: str = "1.0.0", dependencies: Ranges | None = None, **given: Any) -> None:
        publish(self.registry, name, version, dependencies, **given)

    def wants(self, dependencies: Ranges, **members: Any) -> None:
        """Let the project have a manifest."""
        value = manifest_of("project", "1.0.0", dependencies=dict(dependencies), **members)
        (self.project / "package.agent.json").write_text(json.dumps(value, indent=2) + "\n")

    def files(self, below: str = "") -> dict[str, bytes]:
        """Every file of the project, and what it holds."""
        top = self.project / below
        return {str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()}

    def lock(self) -> Any:
        return json.loads((self.project / "package.agent.lock").read_text())

    def versions_there(self) -> dict[str, str]:
        """What lies there, whatever is locked."""
        manifests = (self.project / ".agent-packages").glob("*/package.agent.json")
        return {one["name"]: one["version"] for one in (json.loads(path.read_text()) for path in manifests)}

    def versions(self) -> dict[str, str]:
        """What is locked, and lies there."""
        found = {}
        for name, one in self.lock()["resolved"].items():
            folder = PackageName.parse(name).folder
            manifest = json.loads((self.project / ".agent-packages" / folder / "package.agent.json").read_text())
            assert (manifest["name"], manifest["version"]) == (name, one["version"])
            found[name] = one["version"]
        return found


def make_place(root: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Make an empty registry, which is the default one, and an empty project, which becomes the current folder."""
    place = Place(root)
    place.project.mkdir(parents=True)
    place.home.mkdir()
    initialise(place.registry)
    (place.home / "config.yaml").write_text(f"registries:\n  default: {place.url}\n")
    monkeypatch.setenv("AAM_HOME", str(place.home))
    monkeypatch.chdir(place.project)
    return place


def aam(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command line of `aam` in this process; return its exit code and what it wrote to both streams."""
    capsys.readouterr()
    try:
        code = guarded(run, make_parser().parse_args(arguments))
    except SystemExit as stop:
        code = int(stop.code or 0)
    told = capsys.readouterr()
    return code, told.out, told.err
