"""A rule whose targets offer a layout that lies in their package: how it is made is no business of who hands it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging_targets.adapters.testing import Workspace

RULE = """\
    from packaging_targets import Action

    def analyse(context):
        fields = context.target.fields
        layout = context.package_path(fields["layout"])
        context.provide("oci_image", {"layout": layout, "image": fields.get("image", "")})
        if "publish" in fields:
            attachments = [["application/spdx+json", context.output("sbom.json")]]
            offer = {"kind": "image", "layout": layout, "attachments": attachments, **fields["publish"]}
            context.provide("publish", offer)
        return [Action("write/1", {"text": "{}"}, (), (context.output("sbom.json"),))]
    """
FIELDS = '{"layout": {"type": "string"}, "image": {"type": "string"}, "publish": {"type": "object"}}'
SCHEMA = f'{{"title": "picture", "description": "x", "type": "object", "properties": {FIELDS}}}'


def add_pictures(ws: Workspace) -> None:
    """Let the targets of a workspace be `[[picture]]`s."""
    ws.write({"rules/picture/rule.py": RULE, "rules/picture/schema.json": SCHEMA})
