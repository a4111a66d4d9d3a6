"""Running doit from the `packaging` command: the same tasks, the same runner, our defaults."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from doit.doit_cmd import DoitMain

from packaging_targets.adapters.doit.loader import PackagingLoader
from packaging_targets.adapters.doit.tasks import GROUP
from packaging_targets.errors import RequestError
from packaging_targets.model.label import Label
from packaging_targets.store.layout import find_root

if TYPE_CHECKING:
    from collections.abc import Sequence

_DOIT_REQUEST_WRONG = 3
_REQUEST_WRONG = 2


def build(labels: Sequence[str], jobs: int | None, *, keep_going: bool = False, log_json: str | None = None) -> int:
    """Build the given labels, or everything; return the exit code."""
    if log_json:
        os.environ["PACKAGING_LOG_JSON"] = os.path.abspath(log_json)
    count = jobs if jobs is not None else os.cpu_count() or 1
    options = ["-n", str(count)] if count > 1 else []
    options += ["--continue"] if keep_going else []
    package = package_here()
    names = [name for label in labels for name in _names(label, package)] or [GROUP]
    code = DoitMain(PackagingLoader(), config_filenames=()).run(["run", *options, *names])
    # doit tells a failed task from one that could not be tried; for people both are a build that failed.
    return _REQUEST_WRONG if code == _DOIT_REQUEST_WRONG else min(int(code or 0), 1)


def _names(text: str, package: str) -> list[str]:
    """Return doit's names and patterns for a label, `//pkg:*`, `//pkg:all` or `//pkg/...`."""
    label = text.removeprefix(f"{GROUP}:")
    if label in {"...", "//..."}:
        return [GROUP]
    if label.endswith("/..."):
        return [f"{GROUP}:{label[:-4]}:*", f"{GROUP}:{label[:-4]}/*"]
    if label.endswith(":all"):
        return [f"{GROUP}:{label[:-3]}*"]
    if "*" in label:
        return [f"{GROUP}:{label}"]
    name, hash_, action = label.partition("#")
    try:
        return [f"{GROUP}:{Label.parse(name, package)}{hash_}{action}"]
    except ValueError as error:
        raise RequestError.one(f"`{text}` is no label: {error}", "", "write //folder:name") from None


def package_here() -> str:
    """Return the workspace folder that the current folder is, for labels such as `:name`."""
    here = os.path.realpath(os.getcwd())
    root = find_root(here)
    package = os.path.relpath(here, root) if root else "."
    return "" if package == "." else package
