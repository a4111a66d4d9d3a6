"""Writing an image: its config, its manifest, and the files by which a layout is entered.

    parent's config + settings + layers ──▶ config ──▶ manifest ──▶ (index of platforms) ──▶ index.json

What a parent image says is kept where nothing is said here, as a Dockerfile's `FROM` does: an entry point of one's own
takes the parent's command away, variables and labels are joined by name. Triggers of the parent (`OnBuild`) are meant
for Dockerfiles, and dropped. Members stand in the order of the specification, and what has no order is sorted.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging_targets.errors import PackagingError
from packaging_targets.formats.oci.documents import CONFIG_TYPE
from packaging_targets.formats.oci.layout import REF_NAME, Image, Layer
from packaging_targets.formats.oci.manifest import (
    INDEX_TYPE,
    MANIFEST_TYPE,
    Descriptor,
    OciIndex,
    OciManifest,
    compact_json,
)
from packaging_targets.formats.oci.platform import Platform
from packaging_targets.model.digest import Digest

LAYOUT_MARKER = b'{"imageLayoutVersion":"1.0.0"}'
TOOL = "packaging-targets"
FULL_NAME = "io.containerd.image.name"
"""The annotation by which engines know what an image is to be called."""

_OF_PARENT = ("os.version", "os.features")
_KEPT = ("ArgsEscaped", "Healthcheck", "Shell")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:[0-9]{1,5})?")
_WORD = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_WORD}(?:/{_WORD})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LONGEST_NAME = 255
_YEAR_10000 = 253_402_300_800


@dataclass(frozen=True, slots=True)
class Settings:
    """How containers of an image are run. What is None, or empty, is as the parent image has it.

    `ports` are such as `8080/tcp`; `volumes` are absolute paths.
    """

    entrypoint: Sequence[str] | None = None
    command: Sequence[str] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    workdir: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: Sequence[str] = ()
    volumes: Sequence[str] = ()
    stop_signal: str = ""


@dataclass(frozen=True, slots=True)
class ImageName:
    """What engines call an image: `path` is `[host/]repository`, and `latest` is the tag of a name without one."""

    path: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> ImageName:
        """Return the name that a text is; raises ValueError with what is wrong about it."""
        head, slash, last = text.rpartition("/")
        last, colon, tag = last.partition(":")
        path = f"{head}{slash}{last}"
        host, slash, rest = path.partition("/")
        if not (slash and names_registry(host)):
            rest = path
        if not _REPOSITORY.fullmatch(rest) or len(path) > _LONGEST_NAME:
            raise ValueError("a name has lower-case letters and digits, with `.`, `_` or `-` between them, and `/`")
        if colon and not _TAG.fullmatch(tag):
            raise ValueError("a tag has letters, digits, `_`, `.` and `-`, at most 128")
        return cls(path, tag or "latest")

    def __str__(self) -> str:
        return f"{self.path}:{self.tag}"

    @property
    def full(self) -> str:
        """The name with its registry, which every engine understands alike."""
        host, slash, _ = self.path.partition("/")
        if not slash:
            return f"docker.io/library/{self}"
        return str(self) if names_registry(host) else f"docker.io/{self}"


def names_registry(text: str) -> bool:
    """Tell whether the first part of a name is a registry's host, as all engines tell it."""
    return _HOST.fullmatch(text) is not None and ("." in text or ":" in text or text == "localhost")


@dataclass(frozen=True, slots=True)
class Parent:
    """The image that another is made on top of, for some platforms: what a file `base.json` holds.

    `digest` is that of the index or manifest by which it was found.
    """

    digest: Digest
    images: tuple[Image, ...]

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        platforms = {str(image.platform): image.to_json() for image in self.images}
        return compact_json({"digest": str(self.digest), "platforms": platforms}) + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Parent:
        """Return what `to_bytes` described."""
        value = json.loads(data)
        found = []
        for name, one in value["platforms"].items():
            layers = tuple(map(Layer.from_json, one["layers"]))
            found.append(Image(Platform.parse(name), Digest.parse(one["manifest"]), one["config"], layers))
        return cls(Digest.parse(value["digest"]), tuple(found))

    def image(self, platform: Platform) -> Image:
        """Return the image for a platform, which is one of those that were asked for."""
        return next(image for image in self.images if image.platform == platform)


def write_image(
    put: Callable[[bytes], object],
    platform: Platform,
    layers: Sequence[Layer],
    settings: Settings,
    *,
    parent: Image | None = None,
    created: int = 0,
) -> Descriptor:
    """Hand the config and the manifest of an image to `put`; return the manifest's descriptor.

    `layers` come on top of the parent's. `created` is in seconds since 1970. Raises PackagingError where no time can
    tell it.
    """
    config = compact_json(_config(platform, layers, settings, parent, _time(created)))
    put(config)
    whole = (*parent.layers, *layers) if parent else layers
    described = Descriptor.of(CONFIG_TYPE, config)
    manifest = OciManifest(described, tuple(layer.descriptor for layer in whole)).to_bytes()
    put(manifest)
    return Descriptor.of(MANIFEST_TYPE, manifest, platform=platform)


def write_root(put: Callable[[bytes], object], images: Sequence[Descriptor], name: ImageName | None) -> bytes:
    """Return the `index.json` of a layout of one image, and hand the index of several platforms to `put`.

    `name` is what engines will call the image, if they are to call it anything.
    """
    root = images[0]
    if len(images) > 1:
        index = OciIndex(tuple(images)).to_bytes()
        put(index)
        root = Descriptor.of(INDEX_TYPE, index)
    if not name:
        return OciIndex((root,)).to_bytes()
    told = {FULL_NAME: name.full, REF_NAME: name.tag}
    named = Descriptor(root.media_type, root.digest, root.size, told, root.platform)
    return OciIndex((named,)).to_bytes()


def docker_manifest(manifest: bytes, blobs: str, name: ImageName | None) -> bytes:
    """Return the `manifest.json` by which old engines load an image: one platform, whose blobs lie below `blobs`."""
    value = json.loads(manifest)
    paths = [blobs + Digest.parse(one["digest"]).hex for one in (value["config"], *value["layers"])]
    return compact_json([{"Config": paths[0], "RepoTags": [str(name)] if name else None, "Layers": paths[1:]}])


def _config(
    platform: Platform, layers: Sequence[Layer], settings: Settings, parent: Image | None, created: str
) -> dict[str, Any]:
    inherited = parent.config if parent else {}
    below = parent.layers if parent else ()
    step = {"created": created, "created_by": TOOL}
    told = {
        "created": created,
        "author": inherited.get("author"),
        "architecture": platform.architecture,
        "os": platform.os,
        **{name: inherited.get(name) for name in _OF_PARENT},
        # `linux/arm64` is what most call `linux/arm64/v8`.
        "variant": inherited.get("variant") or platform.variant,
    }
    return {
        **{name: value for name, value in told.items() if value},
        "config": _merged(inherited.get("config") or {}, settings),
        "rootfs": {"type": "layers", "diff_ids": [str(layer.diff_id) for layer in (*below, *layers)]},
        "history": [*_history(inherited, len(below)), *([step] * len(layers))],
    }


def _history(inherited: Mapping[str, Any], layers: int) -> list[Any]:
    """Return the parent's history, or one that says nothing where that is not as long as its layers are many."""
    told = inherited.get("history") or []
    if sum(not one.get("empty_layer") for one in told) == layers:
        return list(told)
    return [{"comment": "of the parent image"}] * layers


def _merged(inherited: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    command = settings.command
    if command is None and settings.entrypoint is None:
        command = inherited.get("Cmd")
    entrypoint = inherited.get("Entrypoint") if settings.entrypoint is None else settings.entrypoint
    value = {
        "User": settings.user or inherited.get("User"),
        "ExposedPorts": _joined(inherited.get("ExposedPorts"), {port: {} for port in settings.ports}),
        "Env": _variables(inherited.get("Env") or (), settings.env),
        "Entrypoint": list(entrypoint or ()),
        "Cmd": list(command or ()),
        "Volumes": _joined(inherited.get("Volumes"), {path: {} for path in settings.volumes}),
        "WorkingDir": settings.workdir or inherited.get("WorkingDir"),
        "Labels": _joined(inherited.get("Labels"), settings.labels),
        "StopSignal": settings.stop_signal or inherited.get("StopSignal"),
        **{name: inherited.get(name) for name in _KEPT},
    }
    return {name: one for name, one in value.items() if one}


def _joined(inherited: Mapping[str, Any] | None, own: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted({**(inherited or {}), **own}.items()))


def _variables(inherited: Sequence[str], own: Mapping[str, str]) -> list[str]:
    """Return the variables of the parent in their order, with other values where there are such, and then the rest."""
    values = dict(one.partition("=")[::2] for one in inherited)
    values |= dict(sorted(own.items()))
    return [f"{name}={value}" for name, value in values.items()]


def _time(seconds: int) -> str:
    if not 0 <= seconds < _YEAR_10000:
        fix = "set SOURCE_DATE_EPOCH to seconds since 1970"
        raise PackagingError.one(f"the config of an image has no room for the time {seconds}", fix=fix)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
