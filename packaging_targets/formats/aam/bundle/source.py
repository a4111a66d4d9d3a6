"""A package that is compiled: what it gives to agents, and what that is called where it is deployed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from packaging_targets.formats.aam.artifacts.discovery import find_artifacts
from packaging_targets.formats.aam.artifacts.values import Artifacts
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.package.reader import AgentPackage, PackageFile

FLAT, SEED = "flat", "seed"


class _Bytes(Mapping[str, bytes]):
    """The files of a package as the bytes that they hold."""

    def __init__(self, files: Mapping[str, PackageFile]) -> None:
        self._files = files

    def __getitem__(self, path: str) -> bytes:
        return self._files[path].data

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


@dataclass(frozen=True)
class Source:
    """A package with its artifacts, which are read where they are not given; `scoped_dirs` is FLAT or SEED."""

    package: AgentPackage
    scoped_dirs: str = FLAT
    given: Artifacts | None = None

    @cached_property
    def artifacts(self) -> Artifacts:
        """What the package gives to agents."""
        return self.given or find_artifacts(self.package.manifest, _Bytes(self.package.files), self.title)

    @property
    def name(self) -> PackageName:
        """The package's name."""
        return self.package.manifest.name

    @property
    def title(self) -> str:
        """What the package is called in messages."""
        return f"{self.name}@{self.package.manifest.version}"

    def where(self, path: str) -> str:
        """Return what a file of the package is called in messages."""
        return f"{self.title}/{path}"

    def deployed(self, name: str) -> str:
        """Return what an artifact is called where it is deployed: a scope stands before it.

        FLAT makes of `@acme_co/tools` and `review` the name `acme-co-review`, which is a valid Agent Skill; SEED makes
        `acme_co--review`, as the text of UAAPS has it, which is none.
        """
        if not self.name.scope:
            return name
        if self.scoped_dirs == SEED:
            return f"{self.name.scope}--{name}"
        return f"{re.sub('[_-]+', '-', self.name.scope).strip('-')}-{name}"
