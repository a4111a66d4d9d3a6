"""Lists of SHA-256 digests, a line a file: as `sha256sum` writes and checks them, and as the RECORD of a wheel.

Files alone have lines, in the order of the manifest: folders and links hold nothing of their own. A line's quoting is
written out here, because that of other programs and of Python's `csv` depends on their versions.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from packaging_targets.errors import RequestError
from packaging_targets.formats.archive.members import content, members

if TYPE_CHECKING:
    from packaging_targets.formats.archive.members import Writable
    from packaging_targets.model.manifest import Manifest, SourceReader

_QUOTED = re.compile(rb'[,"\r\n]')


def write_digests(stream: Writable, manifest: Manifest, sources: SourceReader, form: str, *, itself: str = "") -> None:
    """Write the digests of the files of `manifest` to `stream`, holding no more than 1 MiB of a source in memory.

    `form` is one of `FORMATS`. `itself` is the path at which a `record` will stand beside the files, and becomes its
    last row, without a digest. Raises PackagingError for a name that is not UTF-8 and for a source that changes
    meanwhile, RequestError for `itself` in another format.
    """
    if itself and form != "record":
        what = f"a list in the format `{form}` cannot name `{itself}` itself, because no line goes without a digest"
        raise RequestError.one(what, fix="leave `itself` out")
    line = FORMATS[form]
    for member in members(manifest, sources):
        if not member.is_folder and member.link is None:
            digest = hashlib.sha256()
            for piece in content(member, sources):
                digest.update(piece)
            stream.write(line(member.name, digest.digest(), member.size))
    if itself:
        stream.write(b"%b,,\n" % _cell(itself.encode()))


def _sha256sum(name: bytes, digest: bytes, _: int) -> bytes:
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    # A backslash before the digest says that the name has some.
    return b"%b%b  %b\n" % (b"" if escaped == name else b"\\", digest.hex().encode(), escaped)


def _record(name: bytes, digest: bytes, size: int) -> bytes:
    return b"%b,sha256=%b,%d\n" % (_cell(name), urlsafe_b64encode(digest).rstrip(b"="), size)


def _cell(name: bytes) -> bytes:
    return b'"%b"' % name.replace(b'"', b'""') if _QUOTED.search(name) else name


FORMATS = {"sha256sum": _sha256sum, "record": _record}
"""What writes a line of each format."""
