"""What is signed when a version is published: a statement about its archive.

Of an archive that was packed right before, it is SLSA provenance: which files went in, by their digests. Of one that
came from elsewhere nobody here knows how it was made, and the statement says that it was published, and no more.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import BinaryIO

from packaging_targets import __version__
from packaging_targets.formats.aam.package.reader import PackageReader
from packaging_targets.formats.aam.signature import MAX_SIGNATURE, SignedArchive
from packaging_targets.formats.attest.provenance import (
    PREDICATE_TYPE,
    Build,
    Material,
    Subject,
    provenance_of,
    statement_bytes,
)
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.clock import told_time

PACK_TYPE = "urn:packaging-targets:aam-pack:v1"
PUBLISH_TYPE = "urn:packaging-targets:aam-publish:v1"
_LONGEST = MAX_SIGNATURE // 2  # in base64 it is a third longer, and stands in the bundle with all that proves it


def publication(about: SignedArchive) -> bytes:
    """Return the statement that an archive was published as a version of a package."""
    said = {"package": str(about.name), "version": about.version}
    return statement_bytes([_subject(about)], PUBLISH_TYPE, said)


def provenance(about: SignedArchive, archive: BinaryIO) -> bytes:
    """Return the statement that an archive was packed from the files that are in it.

    Where these are so many that no registry would take the signature, it does not list them.
    """
    archive.seek(0)
    reader = PackageReader(archive, str(about))
    materials = tuple(
        Material(file.path, Digest(hashlib.sha256(b"".join(reader.content())).hexdigest())) for file in reader
    )
    build = Build(
        "",
        {"package": str(about.name), "version": about.version},
        created=told_time() or 0,
        version=__version__,
        materials=materials,
        build_type=PACK_TYPE,
    )
    listed = statement_bytes([_subject(about)], PREDICATE_TYPE, provenance_of(build))
    if len(listed) <= _LONGEST:
        return listed
    return statement_bytes([_subject(about)], PREDICATE_TYPE, provenance_of(replace(build, materials=())))


def _subject(about: SignedArchive) -> Subject:
    return Subject(about.file, about.digest)
