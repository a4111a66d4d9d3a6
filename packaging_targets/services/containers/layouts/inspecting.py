"""`image inspect`: what an image consists of, wherever it is: in a folder, made by a target, or in a registry."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import RequestError
from packaging_targets.formats.oci.documents import announced
from packaging_targets.formats.oci.image import names_registry
from packaging_targets.formats.oci.layout import REF_NAME, Image, find_images
from packaging_targets.registry.oci.client import OciClient
from packaging_targets.registry.oci.reference import Reference
from packaging_targets.services.containers.layouts.folder import LayoutFolder
from packaging_targets.services.containers.layouts.loading import wanted_platform
from packaging_targets.services.containers.layouts.targets import ImageTarget, image_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from packaging_targets.formats.oci.manifest import Descriptor
    from packaging_targets.formats.oci.platform import Platform
    from packaging_targets.registry.oci.reference import Registry

_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000


@dataclass(frozen=True, slots=True)
class Inspected:
    """What is `where` it was looked for: `images`, and the `roots` that lead to them, mostly one."""

    where: str
    roots: tuple[Descriptor, ...]
    images: tuple[Image, ...]


def inspect(text: str, platform: str | None, connect: Callable[[Registry], OciClient] = OciClient) -> Inspected:
    """Return what is in a folder, or what a registry has under a name, for one platform or all.

    Raises RequestError for what is neither, RegistryError where there is no answer, and IntegrityError for damage.
    """
    if os.path.exists(text):
        return inspect_folder(LayoutFolder(os.path.realpath(text), text), platform)
    first, slash, _ = text.partition("/")
    if not slash or not names_registry(first):
        likely = f"docker.io/{'' if slash else 'library/'}{text}"
        fix = f"name a layout's folder, a target such as //api:image, or an image with its registry, as in {likely}"
        raise RequestError.one(f"`{text}` is no folder here, and names no registry", "", fix)
    return _inspect_remote(Reference.parse(text), platform, connect)


def inspect_folder(folder: LayoutFolder, platform: str | None) -> Inspected:
    """Return what a layout holds, as `inspect` does."""
    roots = folder.roots()
    return Inspected(folder.where, roots, tuple(find_images(roots, folder, _wanted(platform), folder.where)))


def image_target(text: str) -> tuple[str, ImageTarget]:
    """Return the workspace's root, and the one image that a label means; raises RequestError where it means others."""
    root, targets = image_targets([text])
    if len(targets) > 1:
        what = f"`{text}` means {len(targets)} images, and one is looked at"
        raise RequestError.one(what, "", f"name one, as in {targets[0].label}")
    return root, targets[0]


def _inspect_remote(reference: Reference, platform: str | None, connect: Callable[[Registry], OciClient]) -> Inspected:
    where, wanted = str(reference), _wanted(platform)
    client = connect(reference.repository.registry)
    try:
        data = client.manifest(reference.repository, reference.wanted)
        if data is None:
            fix = "look at how it is written; where it is private, log in"
            raise RequestError.one(f"the registry has no image `{where}`", "", fix)
        root = announced(data, where)
        images = find_images((root,), client.documents(reference.repository), wanted, where)
    finally:
        client.close()
    return Inspected(where, (root,), tuple(images))


def _wanted(platform: str | None) -> tuple[Platform] | None:
    wanted = wanted_platform(platform)
    return None if wanted is None else (wanted,)


def as_json(found: Inspected) -> dict[str, Any]:
    """Return what was found as a JSON value."""
    return {
        "where": found.where,
        "digest": str(found.roots[0].digest) if len(found.roots) == 1 else None,
        "roots": [root.to_json() for root in found.roots],
        "images": [
            {
                "platform": str(image.platform),
                "digest": str(image.manifest),
                "size": sum(layer.descriptor.size for layer in image.layers),
                "config": dict(image.config),
                "layers": [layer.to_json() for layer in image.layers],
            }
            for image in found.images
        ],
    }


def as_lines(found: Inspected) -> Iterator[str]:
    """Yield what was found, for people."""
    yield found.where
    for root in found.roots:
        tag = root.annotations.get(REF_NAME, "")
        yield f"digest      {root.digest}{f'  {tag}' if tag else ''}"
    for image in found.images:
        yield ""
        yield from _image_lines(image)


def _image_lines(image: Image) -> Iterator[str]:
    config: Mapping[str, Any] = image.config.get("config") or {}
    yield f"{image.platform!s:11} {image.manifest}"
    for key, shown in _SHOWN.items():
        if value := config.get(key):
            yield f"{shown:11} {_told(value)}"
    created = image.config.get("created")
    if isinstance(created, str):
        yield f"created     {_told(created)}"
    sizes = [layer.descriptor.size for layer in image.layers]
    yield f"layers      {len(sizes)}, {_amount(sum(sizes))}"
    for layer in image.layers:
        packed = layer.descriptor.media_type.rpartition(".")[2]
        yield f"  {_amount(layer.descriptor.size):>9} {layer.descriptor.digest}  {packed}"


_SHOWN = {
    "Entrypoint": "entrypoint",
    "Cmd": "command",
    "Env": "env",
    "WorkingDir": "workdir",
    "User": "user",
    "ExposedPorts": "ports",
    "Volumes": "volumes",
    "StopSignal": "stop signal",
    "Labels": "labels",
}
"""Members of a config, and what they are called here."""


def _told(value: Any) -> str:
    """Return a value of a config, which may be anybody's, on one line and without what a terminal would obey."""
    if isinstance(value, dict):
        value = [f"{name}={one}" if isinstance(one, str) else name for name, one in value.items()]
    text = shlex.join(map(str, value)) if isinstance(value, list) else str(value)
    return "".join(char if char.isprintable() else "?" for char in text)


def _amount(size: int) -> str:
    value, unit = float(size), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{size} B"
