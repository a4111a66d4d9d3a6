"""`aam pkg init`: a small package that is in order, to begin with."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from packaging_targets.errors import Problem, RequestError, raise_all
from packaging_targets.formats.aam.manifest import MANIFEST
from packaging_targets.formats.aam.names import PackageName, name_faults
from packaging_targets.services.aam.packing.folder import plain, within
from packaging_targets.store.change import Change

_README = """# {title}

What this package gives to an agent, and when. Pack it with `aam pkg pack`.
"""
_SKILL = """---
name: {name}
description: Says what {title} is for. Use when somebody asks about {title}.
---

# {title}

Write here what the agent should do, step by step.
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """A package that was begun: its name, and the files that were written."""

    name: PackageName
    files: tuple[str, ...]


def initialise(path: str = ".", name: str = "") -> Begun:
    """Write a package into the folder `path`, which may be there; its name is that of the folder unless it is given.

    A folder in one that is called as a scope, as in `@acme/tool`, has that scope.

    Raises RequestError where a file would be replaced, all of them at once, or where the name can be no package's.
    """
    wanted = name or _name_of(os.path.realpath(path)).lower()
    if faults := list(name_faults(wanted)):
        fix = "choose another" if name else "choose one: --name NAME"
        raise RequestError.one(f"the name `{wanted[:140]}` {'; '.join(faults)}", fix=fix)
    package = PackageName.parse(wanted)
    change = Change(path)
    for file, text in _files(package).items():
        change.write(file, text.encode())
    files = tuple(within(plain(path), file) for file in change.paths)
    raise_all(
        Problem(file, f"`{file}` is there already, and is not replaced", "choose another folder, or remove it")
        for file in files
        if os.path.lexists(file)
    )
    change.apply()
    return Begun(package, files)


def _name_of(folder: str) -> str:
    parent, name = os.path.split(folder)
    scope = os.path.basename(parent)
    return f"{scope}/{name}" if scope.startswith("@") else name


def _files(package: PackageName) -> dict[str, str]:
    title = package.name.replace("-", " ")
    manifest = {
        "name": str(package),
        "version": "0.1.0",
        "description": f"What {title} is for, in a sentence.",
        "license": "Apache-2.0",
        "dependencies": {},
    }
    return {
        MANIFEST: json.dumps(manifest, indent=2) + "\n",
        "README.md": _README.format(title=title),
        f"skills/{package.name}/SKILL.md": _SKILL.format(name=package.name, title=title),
    }
