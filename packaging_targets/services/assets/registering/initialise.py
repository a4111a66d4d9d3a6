"""`init`: a project gets a folder of assets and a registry."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from packaging_targets.errors import BuildError, RequestError, reason
from packaging_targets.formats.assets.declared.findings import Findings
from packaging_targets.formats.assets.declared.registry import FOLDER, INDEX, Registry, read_registry
from packaging_targets.formats.assets.diagnostics import AssetsError
from packaging_targets.services.assets.events import Listener, ignore
from packaging_targets.services.assets.project import ASSETS, Listing, Project
from packaging_targets.services.assets.transaction import changing, journal_of


@dataclass(frozen=True, slots=True)
class Initialised:
    """The project, and the paths in it that were made: none where all was there."""

    project: Project
    made: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        return {"made": list(self.made), "project": self.project.root}


def init(root: str, listener: Listener = ignore) -> Initialised:
    """Make `assets/` and its registry in a folder that is there; what is there already stays as it is.

    Raises RequestError inside another project, and where something else is in the way, and AssetsError where there is
    a registry that cannot be read.
    """
    project = Project(os.path.realpath(root))
    if not os.path.isdir(project.root):
        raise RequestError.one(f"there is no folder `{root}`", root)
    _check_outside(project)
    made = [path for path in (ASSETS, f"{ASSETS}/{FOLDER}") if _make(project, path)]
    with changing(project, listener) as operation:
        if not os.path.lexists(project.index):
            journal_of(project).write(INDEX, Registry().to_bytes()).commit()
            made.append(f"{ASSETS}/{INDEX}")
            operation.tell("action_applied", f"made `{ASSETS}/{INDEX}`")
        else:
            _check_sound(project)
    return Initialised(project, tuple(made))


def _check_sound(project: Project) -> None:
    """Refuse a registry that no other command could read."""
    index = f"{ASSETS}/{INDEX}"
    findings = Findings(index, "registry-invalid")
    if read_registry(Listing(project, {}).read(index), findings) is None:
        raise AssetsError(*findings.diagnostics)


def _check_outside(project: Project) -> None:
    above = os.path.dirname(project.root)
    try:
        other = Project.find(above)
    except RequestError:
        return
    if project.root != other.root:
        what = f"`{project.root}` lies in the project `{other.root}`, which has assets of its own"
        raise RequestError.one(what, project.root, "use that one, or go elsewhere")


def _make(project: Project, path: str) -> bool:
    place = project.path(path)
    if os.path.islink(place) or (os.path.lexists(place) and not os.path.isdir(place)):
        raise RequestError.one(f"`{path}` is in the way: it is no folder", place, "move it away")
    try:
        os.mkdir(place)
    except FileExistsError:
        return False
    except OSError as error:
        raise BuildError.one(f"`{path}` cannot be made: {reason(error)}", place) from error
    return True
