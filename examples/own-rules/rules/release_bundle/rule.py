"""`release_bundle`: what other targets make, in one archive that is named by the newest version of a changelog.

The bundle holds the outputs of the targets in `contents` below `artifacts/`, their checksums in SHA256SUMS, and the
changelog's newest section in RELEASE.txt. The changelog has the form of https://keepachangelog.com.

Left out: the first release in the file is taken for the newest, and its date may be none of the calendar; a yanked
release cannot be bundled; `## ` in a fenced block of code counts as a heading.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from packaging_targets import Action, Context, Entry, Manifest

UNRELEASED = re.compile(r"## \[unreleased\]\s*", re.IGNORECASE)
RELEASE = re.compile(r"## \[(\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?)\] - \d{4}-\d{2}-\d{2}\s*")
# The last section would otherwise take in the targets of links at the end of the file.
SECTION_END = re.compile(r"## |\[[^]]+\]: ")
FIX = "write a heading such as `## [1.4.0] - 2026-01-05`"


def analyse(context: Context) -> Sequence[Action]:
    """Return two actions: one lists the checksums of the artifacts, the other packs everything."""
    name = context.target.label.name
    version, notes = newest_release(context)
    artifacts = collect_artifacts(context)
    sums = context.output(f"{name}.parts/SHA256SUMS")
    # The notes go in as text: were the changelog an input, an edit of an old section would pack the bundle again.
    bundle = [*artifacts, Entry("RELEASE.txt", text=notes), Entry("SHA256SUMS", sums)]
    archive = context.output(f"{name}-{version}.tar.gz")
    return [
        Action.pack("digests/1", Manifest.of(artifacts), sums, name="sums", format="sha256sum"),
        Action.pack("tar.gz/1", Manifest.of(bundle), archive, name="bundle"),
    ]


def newest_release(context: Context) -> tuple[str, str]:
    """Return the version of the newest release, and its section of the changelog."""
    sources = context.sources()
    if len(sources) != 1:
        found = ", ".join(f"`{source}`" for source in sources) or "nothing"
        context.fail(f"a bundle needs one changelog, but `srcs` match {found}", field="$.srcs", fix="name one file")
    lines = context.read_text(sources[0]).splitlines()
    headings = [index for index, line in enumerate(lines) if line.startswith("## ")]
    start = next((index for index in headings if not UNRELEASED.fullmatch(lines[index])), None)
    if start is None:
        place = headings[0] + 1 if headings else 1
        context.fail("the changelog has no release", fix=FIX, where=f"{sources[0]}:{place}")
    # A heading that does not fit is not skipped: a slip in the newest one would bundle the notes of the one before it.
    release = RELEASE.fullmatch(lines[start])
    if release is None:
        context.fail(f"`{lines[start]}` is no release", fix=FIX, where=f"{sources[0]}:{start + 1}")
    end = next((index for index in range(start + 1, len(lines)) if SECTION_END.match(lines[index])), None)
    return release[1], "\n".join(lines[start:end]).rstrip() + "\n"


def collect_artifacts(context: Context) -> list[Entry]:
    """Return an entry below `artifacts/` for each output of the targets in `contents`."""
    files: dict[str, str] = {}
    for index, text in enumerate(context.target.fields["contents"]):
        field = f"$.contents[{index}]"
        outputs = context.outputs_of(context.label(text))
        if not outputs:
            context.problem(f"`{text}` makes no file", field=field, fix="name a target that has outputs")
        for path in outputs:
            file = PurePosixPath(path).name
            # The same path is met twice where `contents` names a target twice, which does no harm.
            if files.setdefault(file, path) != path:
                what = f"`{files[file]}` and `{path}` have one file name"
                context.problem(what, field=field, fix="rename one of the targets that make them")
    context.check()
    return [Entry(f"artifacts/{file}", path) for file, path in files.items()]
