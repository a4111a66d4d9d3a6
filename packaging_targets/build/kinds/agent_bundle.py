"""`agent_bundle/1`: a package and all that it depends on, compiled for a platform.

Params: `package`, the input that is its archive, among archives of what it depends on; `target`, `scoped_dirs` and
`built_at` as `compile_bundle` takes them. Outputs: the bundle, and its `.sha256`. What the platform cannot have is told
as warnings.
"""

from __future__ import annotations

import io
import posixpath
from typing import TYPE_CHECKING

from packaging_targets.errors import BuildError, RequestError, raise_all
from packaging_targets.formats.aam.bundle.archive import write_bundle
from packaging_targets.formats.aam.bundle.closure import closure_of
from packaging_targets.formats.aam.bundle.compiling import compile_bundle
from packaging_targets.formats.aam.integrity import sha256sum_line
from packaging_targets.formats.aam.package.reader import AgentPackage, read_package
from packaging_targets.model.digest import Digest

if TYPE_CHECKING:
    from packaging_targets.model.action import Action, Step


def run(action: Action, step: Step) -> None:
    """Compile the bundle, and write it with its checksum."""
    params, (path, checksum) = action.params, action.outputs
    packages = {name: _read(name, step) for name in action.inputs}
    root = packages.pop(params["package"])
    closure = closure_of(root, tuple(packages.values()))
    raise_all(closure.errors, BuildError)
    try:
        bundle = compile_bundle(
            root,
            closure.dependencies,
            params["target"],
            scoped_dirs=params["scoped_dirs"],
            built_at=params["built_at"],
        )
    except RequestError as error:  # a build tells problems
        raise BuildError(*error.problems) from None
    for warning in (*closure.warnings, *bundle.warnings):
        step.warn(warning)
    packed = io.BytesIO()
    write_bundle(packed, bundle)
    with step.create(path) as out:
        out.write(packed.getbuffer())
    with step.create(checksum) as out:
        out.write(sha256sum_line(Digest.of(packed.getvalue()), posixpath.basename(path)))


def _read(path: str, step: Step) -> AgentPackage:
    with step.open(path) as file:
        return read_package(file, path)
