"""What changes one package of a registry whose documents are its own: each is a transition, applied by the kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from packaging_targets.formats.aam.documents import transitions
from packaging_targets.formats.aam.metadata import PackageMetadata
from packaging_targets.formats.aam.names import PackageName

Transition = Callable[[PackageMetadata, int], PackageMetadata]


class Alterable(ABC):
    """A registry that can apply a transition to what it knows of a package."""

    @abstractmethod
    def _change(self, name: PackageName, transition: Transition) -> None:
        """Apply a transition, which is given what is known and the seconds since 1970; raises RefusalError."""

    def set_tag(self, name: PackageName, tag: str, version: str) -> None:
        """Let a tag lead to a version."""
        self._change(name, lambda known, at: transitions.set_tag(known, tag, version, at))

    def remove_tag(self, name: PackageName, tag: str) -> None:
        """Take a tag away; `latest` stays as long as there are versions."""
        self._change(name, lambda known, at: transitions.remove_tag(known, tag, at))

    def yank(self, name: PackageName, version: str, reason: str = "") -> None:
        """Hide a version from new resolutions."""
        self._change(name, lambda known, at: transitions.yank(known, version, reason, at))

    def unyank(self, name: PackageName, version: str) -> None:
        """Show a yanked version again."""
        self._change(name, lambda known, at: transitions.unyank(known, version, at))

    def deprecate(self, name: PackageName, version: str, message: str) -> None:
        """Warn those who install a version, or all versions where it is empty."""
        self._change(name, lambda known, at: transitions.deprecate(known, version, message, at))
