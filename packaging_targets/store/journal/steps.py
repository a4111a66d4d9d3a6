"""One rename of a change: whether it has been done, whether it still can be, and how it is taken back."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import Literal

from packaging_targets.store.journal.disk import duplicate
from packaging_targets.store.journal.fingerprint import ABSENT, fingerprint

Kind = Literal["write", "move", "remove"]


@dataclass(frozen=True, slots=True)
class Step:
    """A rename, and what it was decided over.

    The source of a `write` and the target of a `remove` lie in the journal's own folder. `what` is the fingerprint of
    the source, and `was` that of the target, which a file is kept of in `kept` where there was one. Paths are absolute.
    """

    kind: Kind
    source: str
    target: str
    what: str
    was: str
    kept: str

    @classmethod
    def decided(cls, kind: Kind, source: str, target: str, kept: str, *, leaves: bool = False) -> Step:
        """Look at both ends, and keep the file that is to be replaced, if one is there that no step removes."""
        was = ABSENT if leaves else fingerprint(target)
        if was != ABSENT:
            duplicate(target, kept)
        return cls(kind, source, target, fingerprint(source), was, kept if was != ABSENT else "")

    def do(self) -> None:
        """Do it, unless it has been done. Raises OSError where it does not find any more what it was decided over."""
        if changed := self.changed():
            raise OSError(errno.EBUSY, "Somebody has just changed it", changed)
        if not self.has_been_done():
            os.rename(self.source, self.target)

    def undo(self) -> None:
        """Take it back, where `to_undo` is true; a kill in between does no harm."""
        if not self.kept:
            os.rename(self.target, self.source)
            return
        if self.kind == "move" and not os.path.lexists(self.source):
            duplicate(self.target, self.source)
        os.rename(self.kept, self.target)

    def has_been_done(self) -> bool:
        """Tell whether it was, as long as nothing has been taken back. Whoever wrote there since hides it at most."""
        if self.kind == "write":
            return not os.path.lexists(self.source)
        if self.kind == "remove":
            return os.path.lexists(self.target)
        source, target = fingerprint(self.source), fingerprint(self.target)
        if target == self.what:
            return source != self.what
        return source == ABSENT != target and self.was == ABSENT

    def changed(self) -> str:
        """Return the path that is not as it was when this was decided, as far as going on asks for it; mostly none."""
        if self.has_been_done():
            return self.target if self.kind == "remove" and fingerprint(self.target) != self.what else ""
        if fingerprint(self.source) != self.what:
            return self.source
        return self.target if fingerprint(self.target) != self.was else ""

    def to_undo(self) -> bool:
        """Tell whether there is something to take back; also where it was begun before."""
        if self.kept:
            target = fingerprint(self.target)
            gone = target == ABSENT and not os.path.lexists(self.source)
            return os.path.lexists(self.kept) and (target == self.what or gone)
        return self.has_been_done() and os.path.lexists(self.target) and not os.path.lexists(self.source)

    def obstacle(self) -> str:
        """Return the path where somebody's work stands, which taking this back would overwrite or lose; mostly none."""
        source, target = fingerprint(self.source), fingerprint(self.target)
        if self.kind == "write":
            theirs = target not in {self.what, self.was, ABSENT}
            return self.target if theirs and source == ABSENT else ""
        if self.kept:
            return ""
        if self.has_been_done() or target not in {self.what, ABSENT}:
            return self.source if source not in {self.what, ABSENT} and target != ABSENT else ""
        return ""
