"""`oci_base/1`: the image that another is made on top of, from an OCI layout: a folder, or a tar of one.

Params: `path` (of the folder, whose files are inputs; or of the tar, which is the input), `platforms`, `digest` (that
of the index or manifest to take, or empty). Outputs: the folder of blobs, which gets the layers of these platforms, and
`base.json`. Every byte is held against its digest, and nothing is unpacked.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, Protocol

from packaging_targets.errors import IntegrityError, PackagingError, Problem, RequestError, raise_all
from packaging_targets.formats.archive.reading.tar_files import TarFiles
from packaging_targets.formats.archive.reading.tar_reader import Limits
from packaging_targets.formats.oci.documents import DOCUMENT_LIMIT
from packaging_targets.formats.oci.image import Parent
from packaging_targets.formats.oci.layout import (
    INDEX_FILE,
    LAYOUT_FILE,
    blob_path,
    distinct_layers,
    find_images,
    read_layout,
)
from packaging_targets.formats.oci.platform import Platform
from packaging_targets.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging_targets.formats.oci.layout import Image
    from packaging_targets.formats.oci.manifest import Descriptor
    from packaging_targets.model.action import Action, Step

_PIECE = 1 << 20
_LIMITS = Limits(entries=20_000)
_DOCKER_FILE = "manifest.json"
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ": "xz", b"BZh": "bzip2"}


class _Files(Protocol):
    """The files of a layout, by their paths in it."""

    def has(self, name: str) -> bool: ...

    def pieces(self, name: str) -> Iterator[bytes]: ...


def run(action: Action, step: Step) -> None:
    """Copy the layers, and write what tells of them."""
    params, (blobs, told) = action.params, action.outputs
    path = params["path"]
    with _opened(action, step) as files, _told_at(path):
        layout = _Layout(files, path)
        index = layout.content(INDEX_FILE)
        roots = read_layout(layout.content(LAYOUT_FILE), index, path)
        expected = Digest.parse(params["digest"]) if params["digest"] else None
        images = find_images(roots, layout, list(map(Platform.parse, params["platforms"])), path, expected)
        _copy(images, layout, step, blobs)
    # Several roots, of which the platforms chose, are known by the file that names them all.
    digest = expected or (roots[0].digest if len(roots) == 1 else Digest.of(index))
    with step.create(told) as out:
        out.write(Parent(digest, tuple(images)).to_bytes())


def _copy(images: Iterable[Image], layout: _Layout, step: Step, folder: str) -> None:
    """Write each layer of the images once; raises IntegrityError for one whose bytes are not those of its digest."""
    for layer in distinct_layers(images):
        with step.create_blob(folder) as blob:
            for piece in layout.pieces(blob_path(layer)):
                blob.write(piece)
                if blob.size > layer.size:
                    break
        if (blob.size, blob.digest) != (layer.size, layer.digest):
            what = f"the layer's bytes are not the {layer.size:,} of its digest"
            raise IntegrityError.one(what, layout.at(blob_path(layer)), "make the layout anew, or fetch it again")


class _Layout:
    """A layout whose files are in a folder or in a tar; what is missing is told at its path."""

    def __init__(self, files: _Files, path: str) -> None:
        self._files = files
        self._path = path

    def at(self, name: str) -> str:
        """Return where a file of the layout is, for people."""
        return f"{self._path}/{name}"

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file; raises IntegrityError where there is none."""
        if not self._files.has(name):
            fix = "make the layout anew: it is not whole"
            raise IntegrityError.one(f"the layout has no `{name}`", self._path, fix)
        return self._files.pieces(name)

    def content(self, name: str, limit: int = DOCUMENT_LIMIT) -> bytes:
        """Return the bytes of a small file."""
        data = b""
        for piece in self.pieces(name):
            data += piece
            if len(data) > limit:
                raise IntegrityError.one(f"the file has more than {limit:,} bytes, the limit", self.at(name))
        return data

    def read(self, descriptor: Descriptor, limit: int) -> bytes:
        """Return a document."""
        return self.content(blob_path(descriptor), limit)


class _Folder:
    """The files of a layout among the inputs of an action."""

    def __init__(self, action: Action, step: Step) -> None:
        self._path = action.params["path"]
        self._inputs = frozenset(action.inputs)
        self._step = step
        links = (path for path in action.inputs if step.info(path).link is not None)
        raise_all(
            (Problem(path, "a layout holds no links", "put a copy in its place") for path in links), IntegrityError
        )

    def has(self, name: str) -> bool:
        return f"{self._path}/{name}" in self._inputs

    def pieces(self, name: str) -> Iterator[bytes]:
        with self._step.open(f"{self._path}/{name}") as file:
            while piece := file.read(_PIECE):
                yield piece


class _Tar:
    """The files of a layout in a tar."""

    def __init__(self, file: BinaryIO) -> None:
        start = file.read(8)
        file.seek(0)
        for magic, name in _PACKED.items():
            if start.startswith(magic):
                raise RequestError.one(
                    f"the tar is packed with {name}", "", "unpack it: a layout's layers are packed already"
                )
        self._files = TarFiles(file, _LIMITS)
        if _DOCKER_FILE in self._files.sizes and not self.has(LAYOUT_FILE):
            fix = "copy it into a layout: `skopeo copy docker-archive:base.tar oci:base`"
            raise RequestError.one("the tar is one of `docker save` in its old form, and no OCI layout", "", fix)
        if not self.has(LAYOUT_FILE) and not self._files.problems:
            raise RequestError.one(
                f"the tar is no OCI layout: it has no `{LAYOUT_FILE}`", "", "name the tar of an OCI layout"
            )
        raise_all(self._files.problems, IntegrityError)

    def has(self, name: str) -> bool:
        return name in self._files.sizes

    def pieces(self, name: str) -> Iterator[bytes]:
        return self._files.pieces(name)


@contextmanager
def _opened(action: Action, step: Step) -> Iterator[_Files]:
    path = action.params["path"]
    if path not in action.inputs:
        yield _Folder(action, step)
        return
    with step.open(path) as file:
        with _told_at(path):
            tar = _Tar(file)
        yield tar


@contextmanager
def _told_at(path: str) -> Iterator[None]:
    """Tell problems that have no place of their own at `path`."""
    try:
        yield
    except PackagingError as error:
        raise type(error)(*(replace(one, where=one.where or path) for one in error.problems)) from error
