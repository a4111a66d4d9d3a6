"""A file of secrets that its owner alone can read: JSON objects by the address that they are for.

    {"registries": {"https://pkg.example.com/aam": {"token": "…", "person": "ann", "expires_at": 1774360800}}}

It is never read where others could have read it, and changed as a whole, by one process at a time.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from packaging_targets.errors import BuildError, RequestError, reason
from packaging_targets.store.aam.regular_file import open_regular
from packaging_targets.store.change import replacing
from packaging_targets.store.lock import folder_lock

_MAX = 4 << 20
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_ENTRIES = "registries"


def read_entries(path: str) -> dict[str, Mapping[str, Any]]:
    """Return the entries of a file by their address; none where there is no file.

    Raises RequestError where others can read it, or it is something else than what is written here.
    """
    try:
        with open_regular(path) as file:
            mode, data = os.fstat(file.fileno()).st_mode, file.read(_MAX + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise RequestError.one(f"`{path}` cannot be read: {reason(error)}", path) from error
    if mode & _OTHERS:
        what = f"the tokens in `{path}` can be read by others: the mode of the file is {stat.S_IMODE(mode):04o}"
        raise RequestError.one(what, path, f"chmod 600 {path}, and make new tokens if others have read these")
    try:
        found = json.loads(data)[_ENTRIES]
        if len(data) <= _MAX and all(isinstance(one, dict) for one in found.values()):
            return dict(found)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass  # what is wrong may be next to a secret, and is not shown
    raise RequestError.one(f"`{path}` is damaged", path, "remove it, and run: aam login --registry URL")


@contextmanager
def changed_entries(path: str) -> Iterator[dict[str, Mapping[str, Any]]]:
    """Give the entries of a file, which are written back as they are then; raises as `read_entries`, and BuildError."""
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        with folder_lock(folder, lambda: None, shared=False):
            entries = read_entries(path)
            before = dict(entries)
            yield entries
            if entries != before:
                data = json.dumps({_ENTRIES: dict(sorted(entries.items()))}, indent=2) + "\n"
                with replacing(path, mode=0o600) as file:
                    file.write(data.encode())
    except OSError as error:
        raise BuildError.one(f"`{path}` cannot be written: {reason(error)}", "", "nothing was changed") from error
