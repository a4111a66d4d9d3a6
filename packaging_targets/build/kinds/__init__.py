"""Action kinds: what each does, looked up by name and imported when first run.

A kind is a function `run(action, step)`. Its name carries a version, raised whenever the same inputs would give
other bytes, and it may name distributions whose versions decide its bytes: both are part of every action key. What its
parameters are stands here and nowhere else: `run` gets all of them, with the defaults of those that a rule left out.
A key knows no defaults, so another default is another version of the kind.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, cast

from packaging_targets.build.params import (
    MANIFEST,
    MANIFESTS,
    MTIME,
    Params,
    environment,
    flag,
    folder,
    one_of,
    optional_whole,
    pairs,
    readable,
    table,
    tables,
    text,
    texts,
    whole,
)
from packaging_targets.errors import Problem, RequestError, near_miss
from packaging_targets.model.action import FOLDER
from packaging_targets.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from packaging_targets.model.action import Action, Step


@dataclass(frozen=True, slots=True)
class Kind:
    """An action kind.

    `module` holds `run`; `params` is what it must be told, and `outputs` how many files it makes; `tools` are
    distributions whose versions decide the bytes. `guarded` kinds look at what stands at their outputs first and may
    refuse (`check(action, step)` in the same module), and tell whether all of it is theirs (`is_disposable(data)`)
    before it is removed; `cached` False means that a result depends on more than its key says, so that it is never
    restored from the cache. `programs` kinds call programs of the system (`tool_paths(action)` in the same module),
    whose files count; `uncounted` names parameters that do not change what is made. `folders` kinds may make folders.
    `waits` kinds wait for what is far away: after Ctrl-C nobody waits for them to finish.
    """

    module: str
    params: Params
    outputs: range = range(1, 2)
    tools: tuple[str, ...] = ()
    guarded: bool = False
    cached: bool = True
    programs: bool = False
    folders: bool = False
    waits: bool = False
    uncounted: frozenset[str] = frozenset()

    def program_paths(self, action: Action) -> dict[str, str]:
        """Return the file of each program that the action calls, by the name it is called by."""
        if not self.programs:
            return {}
        find = cast("Callable[[Action], dict[str, str]]", vars(self._module())["tool_paths"])
        return find(self._filled(action))

    def problems(self, action: Action) -> Iterator[Problem]:
        """Yield all that is wrong with what an action of this kind is told, without a place."""
        yield from self.params.problems(action)
        # An action without any outputs is refused whatever its kind.
        if (count := len(action.outputs)) and count not in self.outputs:
            takes = " or ".join(map(str, self.outputs))
            files, outputs = ("file" if self.outputs[-1] == 1 else "files"), ("output" if count == 1 else "outputs")
            yield Problem("", f"the kind `{action.kind}` makes {takes} {files}, but the action has {count} {outputs}")
        for path in () if self.folders else action.outputs:
            if path.endswith(FOLDER):
                what = f"the kind `{action.kind}` makes files, but `{path}` is a folder"
                yield Problem("", what, "leave the `/` at its end out")

    def run(self, action: Action, step: Step) -> None:
        """Do the action."""
        self._function("run")(self._filled(action), step)

    def check(self, action: Action, step: Step) -> None:
        """Raise PackagingError where an output must not be replaced."""
        if self.guarded:
            self._function("check")(action, step)

    def is_disposable(self, data: bytes) -> bool:
        """Tell whether an output with these bytes holds nothing that a person wrote, as far as its kind can tell."""
        return not self.guarded or bool(vars(self._module())["is_disposable"](data))

    def _filled(self, action: Action) -> Action:
        return replace(action, params=self.params.filled(action.params))

    def _function(self, name: str) -> Callable[[Action, Step], None]:
        return cast("Callable[[Action, Step], None]", getattr(self._module(), name))

    def _module(self) -> ModuleType:
        return import_module(f"{__name__}.{self.module}")


def _platform(text: str) -> object:
    from packaging_targets.formats.oci.platform import Platform  # late, as all formats here

    return Platform.parse(text)


def _image_name(text: str) -> object:
    from packaging_targets.formats.oci.image import ImageName

    return ImageName.parse(text)


def _owner(text: str) -> object:
    from packaging_targets.formats.archive.tar import Owner

    return Owner.parse(text)


_LAYER = {
    "manifest": MANIFEST,
    "mtime": MTIME,
    "owner": readable("numbers of a user and a group", _owner, '"1000:1000"', default="0:0"),
    "folder": text('"app"', default=""),
    "on_parent": flag(),
}
_PLATFORMS = readable("platforms", _platform, '["linux/amd64"]', many=True)
_TAR = {"manifest": MANIFEST, "mtime": MTIME, "root": flag()}


KINDS = {
    "agent_bundle/1": Kind(
        "agent_bundle",
        Params(
            package=text('"dist/review/package/review-1.0.0.aam"'),
            target=one_of("claude-code", "codex", "copilot", "cursor"),
            scoped_dirs=one_of("flat", "seed"),
            built_at=MTIME,
        ),
        outputs=range(2, 3),
        tools=("deflate", "pyyaml"),
    ),
    "aam/1": Kind("aam", Params(manifest=MANIFEST, mtime=MTIME), tools=("deflate",)),
    "assets_pa/1": Kind(
        "assets",
        Params(
            assets=tables("asset_id", "asset_name", "bank_type", "bank", "facts", "metadata", "preload", "tooling"),
        ),
        outputs=range(4, 5),
    ),
    "command/1": Kind(
        "command",
        Params(
            argv=texts('["python3", "gen.py"]', first="the program"),
            cwd=folder(),
            env=environment(),
            timeout=whole(1, default=600),
            tools=texts('["node"]', default=[]),
        ),
        outputs=range(1, sys.maxsize),
        programs=True,
        folders=True,
        uncounted=frozenset({"timeout"}),
    ),
    "digests/1": Kind(
        "digests", Params(manifest=MANIFEST, format=one_of("sha256sum", "record"), itself=text(default=""))
    ),
    "dockerfile/1": Kind(
        "dockerfile",
        Params(label=text("str(target.label)"), variables=table('{"port": 80}'), sources=texts('["main.py"]')),
        outputs=range(2, 3),
        tools=("jinja2",),
        guarded=True,
    ),
    "glyph/1": Kind(
        "banks",
        Params(
            tile_size=whole(1, example=8),
            palettes=tables("index"),
            tiles=tables("file"),
            transparent_index=optional_whole(0, 15),
        ),
        outputs=range(2, 3),
    ),
    "oci_base/1": Kind(
        "oci.parent",
        Params(
            path=text('"base"'),
            platforms=_PLATFORMS,
            digest=readable("a digest", Digest.parse, '"sha256:…"', default=""),
        ),
        outputs=range(2, 3),
        folders=True,
    ),
    "oci_image/1": Kind(
        "oci.image",
        Params(
            config=table('{"user": "app"}'),
            platforms=_PLATFORMS,
            layers=pairs('["layer-1.json", ""]'),
            parent=text(default=""),
            name=readable("the name of an image", _image_name, '"acme/api:1.2"', default=""),
            created=MTIME,
        ),
        outputs=range(3, 5),
        folders=True,
    ),
    # For gzip, 4 takes 57 to 88 % of the time of 6, and makes 0.6 to 3.2 % more bytes.
    "oci_layer.gz/1": Kind(
        "oci.layer", Params(**_LAYER, level=whole(1, 12, default=4)), range(2, 3), ("deflate",), folders=True
    ),
    "oci_layer.zst/1": Kind(
        "oci.layer", Params(**_LAYER, level=whole(1, 19, default=3)), range(2, 3), ("zstandard",), folders=True
    ),
    "oci_provenance/1": Kind(
        "oci.provenance",
        Params(
            label=text("str(context.target.label)"),
            fields=table('{"layers": [{"srcs": ["src/**"]}]}'),
            name=text('"ghcr.io/acme/api"', default=""),
            rule=texts('["oci_image", digest]', default=[]),
            base=text('"ghcr.io/acme/python@sha256:…"', default=""),
            parent=text('"dist/api/image.parts/base.json"', default=""),
            created=MTIME,
            builder=text('"packaging-targets"', default="packaging-targets"),
            version=text('"0.1.0"', default=""),
        ),
    ),
    "oci_pull/1": Kind(
        "oci.pull",
        Params(reference=text('"ghcr.io/acme/python@sha256:…"'), platforms=_PLATFORMS),
        outputs=range(2, 3),
        folders=True,
        waits=True,
    ),
    "oci_sbom/1": Kind(
        "oci.sbom",
        Params(
            format=one_of("cyclonedx", "spdx"),
            name=text('"ghcr.io/acme/api"'),
            layers=MANIFESTS,
            platforms=texts('["linux/amd64", "linux/arm64"]', default=[]),
            only=texts('["", "linux/arm64"]', default=[]),
            version=text('"1.2.3"', default=""),
            base=text('"ghcr.io/acme/python@sha256:…"', default=""),
            parent=text('"dist/api/image.parts/base.json"', default=""),
            created=MTIME,
        ),
        tools=("cyclonedx-python-lib", "packageurl-python", "spdx-tools"),
    ),
    "registry_index/1": Kind(
        "registry_index",
        Params(entries=tables("id", "declaredBy")),
        guarded=True,
        cached=False,
    ),
    "sounds/1": Kind(
        "banks",
        Params(samples=tables("file"), sample_rate=optional_whole(1, 192_000)),
        outputs=range(2, 3),
    ),
    "tar/1": Kind("tar", Params(**_TAR), outputs=range(1, 3)),
    "tar.gz/1": Kind("tar", Params(**_TAR, level=whole(1, 12, default=6)), outputs=range(1, 3), tools=("deflate",)),
    "tar.zst/1": Kind("tar", Params(**_TAR, level=whole(1, 19, default=3)), outputs=range(1, 3), tools=("zstandard",)),
    "write/1": Kind("write", Params(text=text(), executable=flag())),
    "zip/1": Kind("zip", Params(manifest=MANIFEST, mtime=MTIME, level=whole(0, 12, default=6)), tools=("deflate",)),
}


def kind_of(name: str) -> Kind:
    """Return an action kind; raises RequestError for one that does not exist."""
    if name not in KINDS:
        listing = f"(kinds: {', '.join(sorted(KINDS))})"
        hint = near_miss(name, KINDS)
        raise RequestError.one(f"there is no action kind `{name}`", "", f"{hint}  {listing}" if hint else listing)
    return KINDS[name]
