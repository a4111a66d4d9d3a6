"""The targets that make images in layouts, and what they are asked for by."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.build.session import planned
from packaging_targets.errors import Problem, RequestError, near_miss, raise_all
from packaging_targets.formats.oci.image import ImageName
from packaging_targets.model.label import Label
from packaging_targets.services.containers.layouts.folder import LayoutFolder
from packaging_targets.services.graph.opening import graph_of
from packaging_targets.services.query.meaning import query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging_targets.build.session import Session

KEY = "oci_image"
"""Under this key a rule provides an image: the folder of its `layout`, and as its `image` a name."""

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class ImageTarget:
    """A target that makes an image: the folder of its layout, and what engines are to call it."""

    label: str
    layout: LayoutFolder
    name: ImageName


def image_targets(texts: Sequence[str]) -> tuple[str, tuple[ImageTarget, ...]]:
    """Return the workspace's root, and its images that labels and patterns mean, or all where there are none.

    Raises RequestError for what is no image, and where there is none at all.
    """
    with planned(os.getcwd()) as session:
        root = os.path.realpath(session.layout.root)
        known = {label: values[KEY] for label, values in session.records.targets.all_provided() if values.get(KEY)}
        asked = _asked(session, texts, list(known)) if texts else list(known)
    if not asked:
        raise RequestError.one("no target makes an image", root, "declare one: [[oci_image]]")
    return root, tuple(_target(root, label, known[label]) for label in asked)


def _asked(session: Session, texts: Sequence[str], known: Sequence[str]) -> list[str]:
    graph, found, problems = graph_of(session), [], []
    for text in texts:
        labels = [str(label) for label in query(graph, text, session.package)]
        images = [label for label in labels if label in known]
        if not images:
            what = f"`{text}` matches no image"
            if len(labels) == 1:
                rule, _ = session.records.targets.rule_of(labels[0])
                what = f"`{labels[0]}` is no image: its rule is `{rule}`"
            listing = f"images: {', '.join(known[:_SHOWN])}" if known else "declare one: [[oci_image]]"
            problems.append(Problem("", what, near_miss(labels[0], known) or listing))
        found += images
    raise_all(problems)
    return list(dict.fromkeys(found))


def _target(root: str, label: str, value: object) -> ImageTarget:
    """Return what a rule has provided, which may be anybody's rule."""
    told = value if isinstance(value, dict) else {}
    layout, image = told.get("layout"), told.get("image") or Label.parse(label).name.lower()
    if not isinstance(layout, str) or not isinstance(image, str):
        fix = f'let the rule say them in context.provide("{KEY}", …)'
        raise RequestError.one("an image needs a `layout`, and may have a name as its `image`", label, fix)
    try:
        return ImageTarget(label, LayoutFolder(os.path.join(root, layout), layout), ImageName.parse(image))
    except ValueError as error:
        raise RequestError.one(f"`{image}` is no name of an image: {error}", label, "give it an `image`") from None
