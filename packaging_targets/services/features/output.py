"""The output folder: what it must not be, and how new archives come into it.

    refuse ──▶ open: lock it ──▶ stage: a folder inside ──▶ receive: rename each file, the collection file last

The staging folder lies in the output folder and not beside it, because the output folder may be a mount of its own,
into which nothing can be renamed from outside. Until everything is packed nothing else in the output folder changes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from typing import TYPE_CHECKING

from packaging_targets.errors import PackagingError, Problem, RequestError, raise_all, reason
from packaging_targets.formats.feature.folder import METADATA_FILE, is_output_folder
from packaging_targets.services.features.folders import within
from packaging_targets.services.features.sources import COLLECTION, SINGLE, SOURCE_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging_targets.services.features.sources import FeatureSources

DEFAULT = "./output"
_STAGING = ".features-package-"
_ANOTHER = "name another folder with --output-folder"


class OutputFolder:
    """The folder at `path`, as people write it; `real` is what it is called without links."""

    def __init__(self, path: str) -> None:
        if not path:
            raise RequestError.one("the output folder has no name", "--output-folder", _ANOTHER)
        self.path = path
        self.real = os.path.realpath(path)

    def refuse(self, sources: FeatureSources, *, force: bool) -> None:
        """Raise RequestError where writing to the folder, or emptying it if `force` is set, would destroy something."""
        raise_all(self._refusals(sources, force=force))

    def below(self, folder: str) -> str:
        """Return the path of the output folder relative to a folder that it is in, empty if it is not."""
        start = f"{folder}/"
        return self.real[len(start) :] if self.real.startswith(start) else ""

    def _refusals(self, sources: FeatureSources, *, force: bool) -> Iterator[Problem]:
        if os.path.lexists(self.path) and not os.path.isdir(self.real):
            yield self._problem(f"the output folder `{self.path}` is no folder", "remove it, or " + _ANOTHER)
        elif not os.path.isdir(above := _nearest(self.path) or "."):
            what = f"the output folder `{self.path}` cannot be made: `{above}` is no folder"
            yield self._problem(what, _ANOTHER)
        elif os.path.lexists(f"{self.real}/{METADATA_FILE}"):
            what = f"the output folder `{self.path}` is the folder of a feature: archives would be packed into archives"
            yield self._problem(what, _ANOTHER)
        elif (around := self._around(sources)) and not self._may_be_output(sources):
            what = f"the output folder `{self.path}` lies in {around}, and was no output folder before"
            yield self._problem(what, _ANOTHER)
        elif force and (reason := self._not_to_be_emptied(sources)):
            what = f"the output folder `{self.path}` must not be emptied: {reason}"
            yield self._problem(what, f"{_ANOTHER}, or leave --force-clean-output-folder out")

    def _around(self, sources: FeatureSources) -> str:
        """Return in what that belongs to a feature the folder lies, in words, or an empty text."""
        above = os.path.dirname(self.real)
        if sources.mode == COLLECTION and above == os.path.realpath(sources.folder):
            return f"`{sources.folder}`, whose folders are features"
        while above != os.path.dirname(above):
            if os.path.lexists(f"{above}/{METADATA_FILE}"):
                return f"the folder of the feature `{os.path.basename(above)}`"
            above = os.path.dirname(above)
        return ""

    def _not_to_be_emptied(self, sources: FeatureSources) -> str:
        """Return why the folder must not be emptied, or an empty text."""
        home = os.path.realpath(os.path.expanduser("~"))
        source = os.path.realpath(sources.folder or ".")
        precious = {"the current folder": os.getcwd(), "the source of features": source, "the home folder": home}
        for name, folder in precious.items():
            if _is_within(folder, self.real):
                return f"it is {name}" if folder == self.real else f"it holds {name}"
        if os.path.lexists(f"{self.real}/.git"):
            return "it holds `.git`"
        inside = next(filter(_holds_features, (self.real, f"{self.real}/{SOURCE_FOLDER}")), None)
        return "it holds folders of features" if inside else ""

    def _may_be_output(self, sources: FeatureSources) -> bool:
        """Tell whether the folder is one for output: it looks like one, or is where a single feature's goes unasked."""
        listed = [name for name in self.names() if not name.startswith(_STAGING)]
        own = {os.path.join(folder, os.path.basename(DEFAULT)) for folder in sources.folders.values()}
        return not listed or is_output_folder(listed) or (sources.mode == SINGLE and self.real in own)

    def names(self) -> list[str]:
        """Return what is in the folder, sorted."""
        try:
            return sorted(os.listdir(self.real))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._failure(error) from error

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Make the folder if it is not there, and let no other run work in it until the context ends.

        A folder that is still empty then is removed again. Raises PackagingError where nothing can be written.
        """
        made = _missing(self.path)
        try:
            self._demand_writable()
            os.makedirs(self.path, exist_ok=True)
            with _locked(self.path):
                self._remove([name for name in self.names() if name.startswith(_STAGING)])  # of runs that were killed
                yield
        except OSError as error:
            raise self._failure(error) from error
        finally:
            for folder in made:
                with contextlib.suppress(OSError):
                    os.rmdir(folder)

    @contextlib.contextmanager
    def staging(self) -> Iterator[str]:
        """Yield an empty folder on the disk of the output folder, which is removed when the context ends."""
        staged = tempfile.mkdtemp(prefix=_STAGING, dir=self.path)
        try:
            yield staged
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def receive(self, staged: str, names: Sequence[str], extra: Sequence[str], *, force: bool) -> None:
        """Move finished files from the staging folder into place, in order, then remove what is `extra`.

        Raises PackagingError where a folder stands in the place of one of them, unless `force` is set.
        """
        blocked = [name for name in names if _is_folder(within(self.path, name))]
        if blocked and not force:
            listed = ", ".join(f"`{name}`" for name in blocked)
            fix = "remove what stands there, or use --force-clean-output-folder"
            raise PackagingError(self._problem(f"there are folders where files belong: {listed}", fix))
        self._remove(blocked)
        for name in names:
            os.replace(within(staged, name), within(self.path, name))
        self._remove(extra)

    def _remove(self, names: Sequence[str]) -> None:
        """Remove files and folders; links are removed, and not what they lead to."""
        for path in (within(self.path, name) for name in names):
            if _is_folder(path):
                shutil.rmtree(path)
            else:
                os.remove(path)

    def _demand_writable(self) -> None:
        """Raise PackagingError where the folder, or what it would be made in, cannot be written to."""
        if not os.access(_nearest(self.path) or ".", os.W_OK | os.X_OK):
            raise self._not_writable(PermissionError(errno.EACCES, os.strerror(errno.EACCES)))

    def _failure(self, error: OSError) -> PackagingError:
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            return self._not_writable(error)
        what = f"`{error.filename or self.path}` cannot be written: {reason(error)}"
        return PackagingError(self._problem(what, _FIXES.get(error.errno or 0, _ANOTHER)))

    def _not_writable(self, error: OSError) -> PackagingError:
        return PackagingError(
            self._problem(f"Output folder not writable: {self.path}", f"make it writable for you ({reason(error)})")
        )

    def _problem(self, what: str, fix: str) -> Problem:
        return Problem(self.path, what, fix)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _holds_features(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(os.path.lexists(f"{entry.path}/{METADATA_FILE}") for entry in entries)
    except OSError:  # it is not there, or nobody can remove anything from it
        return False


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def _nearest(path: str) -> str:
    """Return the path, or the nearest above it at which there is something; empty for the current folder."""
    while not os.path.lexists(path or "."):
        path = os.path.dirname(path)
    return path


def _missing(path: str) -> list[str]:
    """Return the folders that have to be made for `path` to be one, innermost first."""
    missing = []
    while path and not os.path.lexists(path):
        missing.append(path)
        path = os.path.dirname(path.rstrip("/"))
    return missing


@contextlib.contextmanager
def _locked(folder: str) -> Iterator[None]:
    """Hold the kernel's lock on a folder; where the file system has no locks, runs at once are not kept apart."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


_FIXES = {
    errno.ENOSPC: "free some disk space; the output folder is as it was",
    errno.EDQUOT: "free some of your disk space; the output folder is as it was",
    errno.EFBIG: "allow larger files (`ulimit -f`); the output folder is as it was",
}
