"""Indexes, manifests and configs that somebody else wrote: checked as a whole before anything is believed.

Docker's media types are read as those of OCI, which came of them. Docker's schema 1 is another format, and refused.
What is wrong is an IntegrityError at the place that the caller names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from packaging_targets.errors import IntegrityError, RequestError
from packaging_targets.formats.oci.manifest import INDEX_TYPE, MANIFEST_TYPE, Descriptor, OciManifest, compact_json
from packaging_targets.formats.oci.platform import Platform
from packaging_targets.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
LAYER_TYPES = {"none": LAYER_TYPE, "gzip": f"{LAYER_TYPE}+gzip", "zstd": f"{LAYER_TYPE}+zstd"}
DOCUMENT_LIMIT = 4 << 20
"""Bytes of an index, a manifest or a config: what registries take."""

_BLOB_LIMIT = 32 << 30
_MAX_LAYERS = 500
_MAX_MANIFESTS = 2000
_DOCKER = "application/vnd.docker"
_SAME_AS = {
    f"{_DOCKER}.distribution.manifest.v2+json": MANIFEST_TYPE,
    f"{_DOCKER}.distribution.manifest.list.v2+json": INDEX_TYPE,
    f"{_DOCKER}.container.image.v1+json": CONFIG_TYPE,
    f"{_DOCKER}.image.rootfs.diff.tar": LAYER_TYPE,
    f"{_DOCKER}.image.rootfs.diff.tar.gzip": f"{LAYER_TYPE}+gzip",
    f"{_DOCKER}.image.rootfs.diff.tar.zstd": f"{LAYER_TYPE}+zstd",
}
_SCHEMA_1 = f"{_DOCKER}.distribution.manifest.v1+"


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """The config of an image: `value` is all of it, `diff_ids` the digests of its layers before compression."""

    value: Mapping[str, Any]
    platform: Platform
    diff_ids: tuple[Digest, ...]


def oci_type(media_type: str) -> str:
    """Return the OCI name of a media type, which may be one of Docker's."""
    return _SAME_AS.get(media_type, media_type)


def refuse_schema_1(media_type: str, where: str) -> None:
    """Raise RequestError for the media type of Docker's first manifests."""
    if media_type.startswith(_SCHEMA_1):
        _refuse_schema_1(where)


def announced(data: bytes, where: str) -> Descriptor:
    """Return the descriptor of an index or a manifest that came without one, which is what it says itself."""
    value = read_table(data, where)
    told = value.get("mediaType")
    likely = INDEX_TYPE if "manifests" in value else MANIFEST_TYPE
    return Descriptor.of(oci_type(told) if isinstance(told, str) else likely, data)


def read_index(data: bytes, where: str) -> tuple[Descriptor, ...]:
    """Return what an index names, its `manifests`, in order."""
    value = _document(data, INDEX_TYPE, where)
    if "layers" in value:
        raise IntegrityError.one("an index has `layers` as a manifest has them", where)
    return _descriptors(value, "manifests", _MAX_MANIFESTS, where)


def read_manifest(data: bytes, where: str) -> OciManifest:
    """Return a manifest, its media types as OCI names them."""
    value = _document(data, MANIFEST_TYPE, where)
    if "manifests" in value:
        raise IntegrityError.one("a manifest has `manifests` as an index has them", where)
    layers = _descriptors(value, "layers", _MAX_LAYERS, where)
    config = _descriptor(value.get("config"), "config", where)
    return OciManifest(config, layers, _texts(value.get("annotations"), "annotations", where))


def read_config(data: bytes, where: str) -> ImageConfig:
    """Return the config of an image."""
    value = read_table(data, where)
    platform = _platform(value, "config", where)
    if platform is None:
        raise IntegrityError.one("the config does not say for which `os` and `architecture` it is", where)
    rootfs = value.get("rootfs")
    ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) and rootfs.get("type") == "layers" else None
    if not isinstance(ids, list) or len(ids) > _MAX_LAYERS:
        raise IntegrityError.one("the config has no list `rootfs.diff_ids` of layers", where)
    _demand_form(value, where)
    digests = (_digest(one, f"rootfs.diff_ids[{place}]", where) for place, one in enumerate(ids))
    return ImageConfig(value, platform, tuple(digests))


def _demand_form(value: Mapping[str, Any], where: str) -> None:
    """Raise IntegrityError where what an image hands down to those on top of it is not of its form."""
    run = value.get("config") or {}
    history = value.get("history") or []
    if not isinstance(run, dict):
        raise IntegrityError.one("`config` in the config must be a table", where)
    if not isinstance(history, list) or not all(isinstance(one, dict) for one in history):
        raise IntegrityError.one("`history` in the config must be a list of tables", where)
    for name, (form, fits) in _HANDED_DOWN.items():
        _, inner, key = name.rpartition("config.")
        given = (run if inner else value).get(key)
        if given is not None and not fits(given):
            raise IntegrityError.one(f"`{name}` in the config must be {form}", where)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_table_of_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


_TEXT, _LIST, _TABLE = ("a text", _is_text), ("a list of texts", _is_list), ("a table", _is_table)
_HANDED_DOWN = {
    "author": _TEXT,
    "os.version": _TEXT,
    "os.features": _LIST,
    "variant": _TEXT,
    "config.User": _TEXT,
    "config.ExposedPorts": _TABLE,
    "config.Env": _LIST,
    "config.Entrypoint": _LIST,
    "config.Cmd": _LIST,
    "config.Volumes": _TABLE,
    "config.WorkingDir": _TEXT,
    "config.Labels": ("a table of texts", _is_table_of_texts),
    "config.StopSignal": _TEXT,
    "config.ArgsEscaped": ("true or false", _is_flag),
    "config.Healthcheck": _TABLE,
    "config.Shell": _LIST,
}


def read_table(data: bytes, where: str) -> dict[str, Any]:
    """Return the JSON object that a document is; what could not be written again is refused."""
    try:
        value = json.loads(data, parse_constant=_no_constant)
        compact_json(value)  # half a surrogate pair, and a number beyond all, can be read and not written
    except (ValueError, RecursionError) as error:
        raise IntegrityError.one(f"the document is not JSON: {error}"[:200], where) from None
    if not isinstance(value, dict):
        raise IntegrityError.one("the document is JSON, but no table", where)
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"`{name}` is no number")


def _document(data: bytes, media_type: str, where: str) -> dict[str, Any]:
    value = read_table(data, where)
    if value.get("schemaVersion") == 1:
        _refuse_schema_1(where)
    # Only OCI's documents may leave their type out; who reads them knows it from whoever named them.
    told = value.get("mediaType", media_type)
    if not isinstance(told, str) or oci_type(told) != media_type:
        what = f"the document was announced as `{media_type}`, but calls itself {_shown(told)}"
        raise IntegrityError.one(what, where)
    if (version := value.get("schemaVersion")) != 2:  # noqa: PLR2004  # the only one that there is
        raise IntegrityError.one(f"the document must have the `schemaVersion` 2, but has {_shown(version)}", where)
    return value


def _refuse_schema_1(where: str) -> NoReturn:
    what = "the image is in Docker's old format (schema 1), which is not read"
    raise RequestError.one(what, where, "copy it with a current tool first, as in `skopeo copy --format oci`")


def _descriptors(value: Mapping[str, Any], name: str, limit: int, where: str) -> tuple[Descriptor, ...]:
    found = value.get(name)
    if not isinstance(found, list):
        raise IntegrityError.one(f"the document has no list `{name}`", where)
    if len(found) > limit:
        raise IntegrityError.one(f"`{name}` names {len(found):,} things, and {limit:,} is the limit", where)
    return tuple(_descriptor(one, f"{name}[{place}]", where) for place, one in enumerate(found))


def _descriptor(value: Any, name: str, where: str) -> Descriptor:
    if not isinstance(value, dict) or not isinstance(value.get("mediaType"), str):
        raise IntegrityError.one(f"`{name}` has no media type", where)
    size = value.get("size")
    if type(size) is not int or size < 0:
        raise IntegrityError.one(f"`{name}.size` must be a number of bytes", where)
    if size > _BLOB_LIMIT:
        raise IntegrityError.one(f"`{name}` has {size:,} bytes, and {_BLOB_LIMIT:,} is the limit", where)
    return Descriptor(
        oci_type(value["mediaType"]),
        _digest(value.get("digest"), f"{name}.digest", where),
        size,
        _texts(value.get("annotations"), f"{name}.annotations", where),
        _platform(value.get("platform"), f"{name}.platform", where),
        str(value.get("artifactType") or ""),
    )


def _digest(value: Any, name: str, where: str) -> Digest:
    try:
        return Digest.parse(value if isinstance(value, str) else "")
    except ValueError:
        raise IntegrityError.one(f"`{name}` must be `sha256:` and 64 digits, but is {_shown(value)}", where) from None


def _texts(value: Any, name: str, where: str) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise IntegrityError.one(f"`{name}` must be a table of texts", where)
    return value


def _platform(value: Any, name: str, where: str) -> Platform | None:
    """Return the platform that a descriptor or a config tells, or None where it tells none."""
    if value is None:
        return None
    parts = [value.get(one) or "" for one in ("os", "architecture", "variant")] if isinstance(value, dict) else []
    try:
        # Attestations, and whoever knows no better, leave the names empty.
        return Platform.of(*map(str, parts)) if any(parts) else None
    except ValueError as error:
        raise IntegrityError.one(f"the platform in `{name}` is wrong: {error}", where) from None


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:100]
