"""Every path on disk that is ours, in one place."""

from __future__ import annotations

import os

STATE_FOLDER = ".packaging"
TARGET_FILE = "TARGETS.toml"
CONTAINER_INDEX = "docs/packaging/registry.json"
"""Where the index of containers is, unless a `packaging_registry` says otherwise."""


class Layout:
    """Where a workspace keeps its state and its user's action cache.

    `root` and `cache` are absolute; `out` is relative to the root.
    """

    __slots__ = ("cache", "index", "lock", "logs", "out", "records", "root", "staging", "state")

    def __init__(self, root: str, out: str = "dist", cache: str | None = None) -> None:
        self.root = root
        self.out = out
        self.cache = os.path.join(root, cache) if cache else default_cache()
        self.state = os.path.join(root, STATE_FOLDER)
        self.index = os.path.join(self.state, "index")
        self.records = os.path.join(self.state, "records.sqlite")
        self.lock = os.path.join(self.state, "lock")
        self.logs = os.path.join(self.state, "log")
        self.staging = os.path.join(self.state, "staging")

    def make_state(self) -> None:
        """Create the state folder, which git ignores by a file of its own."""
        os.makedirs(self.state, exist_ok=True)
        marker = os.path.join(self.state, ".gitignore")
        if not os.path.exists(marker):
            with open(marker, "w", encoding="ascii") as file:
                file.write("*\n")

    def log_of(self, task: str) -> str:
        """Return where the log of a failed action is kept."""
        return os.path.join(self.logs, task.strip("/").replace("/", "_").replace(":", "-") + ".log")


def target_file_of(package: str) -> str:
    """Return the workspace path of a package's target file."""
    return f"{package}/{TARGET_FILE}" if package else TARGET_FILE


def default_cache() -> str:
    """Return the action cache that all checkouts of a user share."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "packaging-targets")


def find_root(start: str) -> str | None:
    """Return the nearest folder at or above `start` whose target file has a `[workspace]` table, or None.

    The table's header is looked for as text: reading TOML is for when something is to be built.
    """
    folder = start
    while True:
        try:
            with open(os.path.join(folder, TARGET_FILE), "rb") as file:
                if declares_workspace(file.read()):
                    return folder
        except OSError:
            pass
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def package_at(folder: str, root: str) -> str:
    """Return the folder `folder` as the workspace at `root` calls it: labels such as `:name` are meant there."""
    package = os.path.relpath(os.path.realpath(folder), os.path.realpath(root))
    return "" if package == "." else package


def declares_workspace(text: bytes) -> bool:
    """Tell whether a target file has a `[workspace]` table."""
    return any(line.split(b"#")[0].strip() == b"[workspace]" for line in text.splitlines())
