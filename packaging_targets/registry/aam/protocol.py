"""What a registry of agent packages is, to all who use one: whether it is a folder or a server cannot be told.

One contract test suite (`tests/registry/aam/test_contract.py`) holds every kind to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName


@dataclass(frozen=True, slots=True)
class Summary:
    """A line of a registry's list: a package, what its `latest` is (empty for none), and its versions, lowest first."""

    name: PackageName
    latest: str
    versions: tuple[str, ...]
    description: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """What a publishing came to: the release as the registry has it, and the tags that lead to it now.

    `warnings` tell which tags of the manifest were passed over. What waits for somebody's approval has the number of
    the request in `pending`, and nobody sees it before.
    """

    name: PackageName
    release: Release
    tags: tuple[str, ...]
    warnings: tuple[Problem, ...] = ()
    pending: str = ""

    @classmethod
    def among(cls, metadata: PackageMetadata, release: Release, warnings: tuple[Problem, ...]) -> Published:
        """Return what the publishing of a release came to, by what is known of its package now."""
        text = str(release.version)
        leading = tuple(tag for tag, version in metadata.tags.items() if version == text)
        return cls(metadata.name, release, leading, warnings)


class Registry(Protocol):
    """Where agent packages are published and fetched.

    Every method raises RegistryError where the registry cannot be reached, refuses, or holds what is damaged, with
    all problems at once; RequestError where what is asked for is wrong whatever the registry holds.
    """

    @property
    def url(self) -> str:
        """The registry's address, as locks record it: `file:///opt/registry`."""
        ...

    def summaries(self) -> Iterator[Summary]:
        """Yield every package that is not hidden, by name."""
        ...

    def names(self) -> Iterator[PackageName]:
        """Yield the name of every package, also of those whose versions are all yanked: for mirrors.

        What is damaged is told by the RegistryError that ends it, after all others.
        """
        ...

    def search(self, text: str, limit: int) -> Sequence[Summary]:
        """Return the packages whose name or description has all words of `text`, the best first."""
        ...

    def metadata(self, name: PackageName) -> PackageMetadata | None:
        """Return what is known of a package, yanked versions too, or None where there is none of that name."""
        ...

    def open(self, name: PackageName, release: Release) -> AbstractContextManager[BinaryIO]:
        """Open the archive of a release. Whoever reads it compares it with the release's integrity, under limits."""
        ...

    def signature(self, name: PackageName, release: Release) -> bytes | None:
        """Return the Sigstore bundle that a release was published with, as JSON, or None where there was none."""
        ...

    def publish(self, archive: BinaryIO, tag: str = "", signature: bytes = b"") -> Published:
        """Publish an archive, which can be sought in; name and version are those of its manifest.

        With `tag`, that leads to it and `latest` stays; else `latest` leads to the highest stable version.
        `signature` is a Sigstore bundle of the archive, as JSON, which is kept with it: it has to be about this
        archive, and who has signed it is looked at by those who install.
        Raises RegistryError where the version is there, also if with other build metadata.
        """
        ...

    def set_tag(self, name: PackageName, tag: str, version: str) -> None:
        """Let a tag lead to a version."""
        ...

    def remove_tag(self, name: PackageName, tag: str) -> None:
        """Take a tag away; `latest` stays as long as there are versions."""
        ...

    def yank(self, name: PackageName, version: str, reason: str = "") -> None:
        """Hide a version from new resolutions; locks that name it still install it. Twice is once."""
        ...

    def unyank(self, name: PackageName, version: str) -> None:
        """Show a yanked version again."""
        ...

    def deprecate(self, name: PackageName, version: str, message: str) -> None:
        """Warn those who install a version, or all versions where it is empty; an empty message takes that back."""
        ...
