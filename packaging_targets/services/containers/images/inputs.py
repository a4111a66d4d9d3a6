"""What goes into an image, as a digest, and whether it held still while the image was built.

Inputs are the Dockerfile, its `.dockerignore`, platforms and arguments, and what the build sees: of a rendered
Dockerfile the declared sources, of any other one the whole context. What the name of a base image stands for is not
looked at, and neither is the revision.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.model.digest import Digest
from packaging_targets.services.containers.images.history import LOG
from packaging_targets.store.layout import STATE_FOLDER
from packaging_targets.store.states import examine_all
from packaging_targets.store.sweep import UNTRUSTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.services.containers.images.planning import Job
    from packaging_targets.store.sweep import Signature

_NO_INPUT = frozenset({".git", ".hg", ".svn", STATE_FOLDER})


@dataclass(frozen=True, slots=True)
class Inputs:
    """The digest of all that goes into an image, and the signatures of its files by path."""

    digest: str
    signatures: dict[str, Signature]

    def held_still(self, now: Inputs) -> bool:
        """Tell whether nothing has changed between these inputs and those that there are `now`."""
        return self.digest == now.digest and all(
            now.signatures[path] == signature or signature == UNTRUSTED for path, signature in self.signatures.items()
        )


def inputs_of(root: str, job: Job) -> Inputs:
    """Return what goes into the image of a job; raises RequestError with what cannot be read."""
    order = job.order
    prefix = "" if order.context == "." else f"{order.context}/"
    sources = (prefix,) if job.sources is None else tuple(prefix + path for path in job.sources)
    seen = [path for source in sources for path in _files(root, source)]
    ignores = [f"{order.dockerfile}.dockerignore", f"{prefix}.dockerignore", f"{prefix}.containerignore"]
    paths = [order.dockerfile, *ignores, *seen]
    found = dict(zip(paths, examine_all([os.path.join(root, path) for path in paths]), strict=True))
    states = [[path, state] for path, (state, _) in found.items()]
    arguments = {name: value for name, value in (order.arguments or {}).items() if name != "REVISION"}
    digest = str(Digest.of_value([states, list(order.platforms), arguments]))
    return Inputs(digest, {path: signature for path, (_, signature) in found.items()})


def _files(root: str, source: str) -> Iterator[str]:
    """Yield the files of a folder, whose path is empty or ends in `/`, or the one file that a source is.

    Of a folder nothing is yielded that no build reads, or that changes with each build.
    """
    if source and not source.endswith("/"):
        yield source
        return
    for folder, folders, names in os.walk(os.path.join(root, source)):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        folders[:] = sorted(name for name in folders if name not in _NO_INPUT)
        for name in sorted((*names, *links)):
            path = os.path.relpath(os.path.join(folder, name), root)
            if path != LOG:
                yield path
