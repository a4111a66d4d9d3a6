"""What is signed when a version is published: a statement about its archive.

Of an archive that was packed right before, it is SLSA provenance: which files went in, by their digests. Of one that
came from elsewhere nobody here knows how it was made, and the statement says that it was published, and no more.
"""

from __future__ import annotations

import hashlib
from typing import BinaryIO

from packaging_targets import __version__
from packaging_targets.formats.aam.package.reader import PackageReader
from packaging_targets.formats.aam.signature import SignedArchive
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


def publication(about: SignedArchive) -> bytes:
    """Return the statement that an archive was published as a version of a package."""
    said = {"package": str(about.name), "version": about.version}
    return statement_bytes([_subject(about)], PUBLISH_TYPE, said)


def provenance(about: SignedArchive, archive: BinaryIO) -> bytes:
    """Return the statement that an archive was packed from the files that are in it."""
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
    return statement_bytes([_subject(about)], PREDICATE_TYPE, provenance_of(build))


def _subject(about: SignedArchive) -> Subject:
    return Subject(about.file, about.digest)
