"""An OCI image layout in a folder, read as if anybody might have written it: under limits, and held against digests."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from io import BufferedReader
from typing import TYPE_CHECKING

from packaging_targets.errors import IntegrityError, RequestError, reason
from packaging_targets.formats.oci.documents import DOCUMENT_LIMIT
from packaging_targets.formats.oci.layout import INDEX_FILE, LAYOUT_FILE, blob_path, read_layout
from packaging_targets.model.digest import Digest

if TYPE_CHECKING:
    from packaging_targets.formats.oci.manifest import Descriptor

_AGAIN = "make it again: packaging build"


@dataclass(frozen=True, slots=True)
class LayoutFolder:
    """The layout in the folder `path`; problems call it `where`. Its documents can be read: it is `Documents`."""

    path: str
    where: str

    def roots(self) -> tuple[Descriptor, ...]:
        """Return what the index names; raises RequestError for what is no layout, IntegrityError for damage."""
        if not os.path.isfile(os.path.join(self.path, LAYOUT_FILE)):
            what = f"`{self.where}` is no OCI image layout: it has no file `{LAYOUT_FILE}`"
            raise RequestError.one(what, "", "name a folder that holds one")
        marker, index = (self._read(name, DOCUMENT_LIMIT) for name in (LAYOUT_FILE, INDEX_FILE))
        return read_layout(marker, index, self.where)

    def root(self) -> Descriptor:
        """Return the one image that the layout holds; raises as `roots`, and RequestError where there are several."""
        roots = self.roots()
        if len(roots) != 1:
            what = f"`{self.where}` holds {len(roots) or 'no'} images, and is to hold one"
            raise RequestError.one(what, "", "make a layout for each, as in `skopeo copy oci:MANY:TAG oci:ONE`")
        return roots[0]

    def read(self, descriptor: Descriptor, limit: int) -> bytes:
        """Return the bytes of a document, of at most `limit`."""
        return self._read(blob_path(descriptor), limit)

    def open(self, descriptor: Descriptor) -> BufferedReader:
        """Open a blob for reading; raises IntegrityError where there is none."""
        return self._open(blob_path(descriptor))

    def demand_whole(self, descriptor: Descriptor) -> None:
        """Raise IntegrityError where a blob is not there, or not the one that the descriptor names."""
        where = f"{self.where}/{blob_path(descriptor)}"
        with self.open(descriptor) as file:
            size = os.fstat(file.fileno()).st_size
            if size != descriptor.size:
                what = f"the blob has {size:,} bytes instead of {descriptor.size:,}"
                raise IntegrityError.one(what, where, _AGAIN)
            found = Digest(hashlib.file_digest(file, "sha256").hexdigest())
        if found != descriptor.digest:
            raise IntegrityError.one(f"the blob's bytes are not those of its digest: they have {found}", where, _AGAIN)

    def _read(self, name: str, limit: int) -> bytes:
        with self._open(name) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise IntegrityError.one(f"the document has more than {limit:,} bytes", f"{self.where}/{name}", _AGAIN)
        return data

    def _open(self, name: str) -> BufferedReader:
        where = f"{self.where}/{name}"
        try:
            # What is no file, such as a pipe, must not keep us waiting.
            descriptor = os.open(os.path.join(self.path, name), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            what = f"`{name}` cannot be read: {reason(error)}"
            raise IntegrityError.one(what, where, _AGAIN) from error
        file = open(descriptor, "rb")  # noqa: SIM115  # closed by whoever asked for it
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            file.close()
            raise IntegrityError.one(f"`{name}` is no file", where, _AGAIN)
        return file
