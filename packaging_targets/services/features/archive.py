"""`features test-archive`: a file of somebody's, looked into without unpacking it."""

from __future__ import annotations

import os
import stat

from packaging_targets.errors import RequestError, reason
from packaging_targets.formats.archive.reading.tar_reader import Limits
from packaging_targets.formats.feature.archive import FeatureArchive, read_feature_archive


def look_into(path: str, limits: Limits | None = None, *, installable: bool = True) -> FeatureArchive:
    """Return what clients would make of the archive at `path`; raises RequestError where there is no such file.

    `installable` tells whether a missing `install.sh` is an error.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO must not make us wait
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            os.close(descriptor)
            raise RequestError.one(f"`{path}` is a folder, and no archive", path, "name one of the archives in it")
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(mode):
                raise RequestError.one(f"`{path}` is no regular file", path, "name an archive")
            return read_feature_archive(path, file, limits, installable=installable)
    except OSError as error:
        what = f"`{path}` cannot be read: {reason(error)}"
        raise RequestError.one(what, path, "name an archive that you may read") from error
