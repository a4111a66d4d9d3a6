"""Lists of digests: what `sha256sum` and readers of RECORD make of them."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sources import Sources

from packaging_targets.errors import PackagingError, RequestError
from packaging_targets.formats.archive.digests import FORMATS, write_digests
from packaging_targets.model.manifest import Entry, Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sources import Content


def list_of(form: str, manifest: Manifest, files: Mapping[str, Content], itself: str = "") -> bytes:
    out = io.BytesIO()
    write_digests(out, manifest, Sources(files), form, itself=itself)
    return out.getvalue()


def sample() -> tuple[Manifest, dict[str, Content]]:
    entries = [
        Entry("a b.txt", "src/a"),
        Entry('a,"b".txt', text="ä\n"),
        Entry("back\\slash\nand\rmore", text=""),
        Entry("folder"),
        Entry("link", link="a b.txt"),
        Entry("pkg/größe.py", "src/a", executable=True),
        Entry("to", "src/link"),
    ]
    return Manifest.of(entries), {"src/a": b"hello\n" * 300_000, "src/link": "a"}


def test_the_golden_lists() -> None:
    assert list_of("sha256sum", *sample()).decode() == (
        "86926bb3192466d0897ee4cc47f94da59bf5e92a02e3628397864bce5cc2547f  a b.txt\n"
        'ac6f010e65c9ea739dbdaa21427edd5ef60c6d461ef4d619c003e3ab62453a56  a,"b".txt\n'
        "\\e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  back\\\\slash\\nand\\rmore\n"
        "86926bb3192466d0897ee4cc47f94da59bf5e92a02e3628397864bce5cc2547f  pkg/größe.py\n"
    )
    assert list_of("record", *sample()).decode() == (
        "a b.txt,sha256=hpJrsxkkZtCJfuTMR_lNpZv16SoC42KDl4ZLzlzCVH8,1800000\n"
        '"a,""b"".txt",sha256=rG8BDmXJ6nOdvaohQn7dXvYMbUYe9NYZwAPjq2JFOlY,3\n'
        '"back\\slash\nand\rmore",sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n'
        "pkg/größe.py,sha256=hpJrsxkkZtCJfuTMR_lNpZv16SoC42KDl4ZLzlzCVH8,1800000\n"
    )


def test_a_record_names_itself_last_and_without_a_digest() -> None:
    manifest = Manifest.of([Entry("x", text="")])
    digest = base64.urlsafe_b64encode(hashlib.sha256().digest()).decode().rstrip("=")
    assert list_of("record", manifest, {}, "a,b.dist-info/RECORD").decode() == (
        f'x,sha256={digest},0\n"a,b.dist-info/RECORD",,\n'
    )
    with pytest.raises(RequestError) as caught:
        list_of("sha256sum", manifest, {}, "SHA256SUMS")
    assert str(caught.value) == (
        "error: a list in the format `sha256sum` cannot name `SHA256SUMS` itself, because no line goes without a digest\n"
        "  fix: leave `itself` out"
    )


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_has_no_lines(form: str) -> None:
    assert list_of(form, Manifest.of([Entry("folder"), Entry("link", link="x")]), {}) == b""


@pytest.mark.parametrize("form", FORMATS)
def test_a_name_that_is_not_utf8(form: str) -> None:
    with pytest.raises(PackagingError, match=r"the name of `\\xff` is not UTF-8"):
        list_of(form, Manifest.of([Entry("\udcff", text="")]), {})


CHARACTERS = st.characters(exclude_characters="/\0", exclude_categories=["Cs"]) | st.sampled_from("\\\n\r,\"' *")
# `-` alone is standard input to sha256sum.
PARTS = st.text(CHARACTERS, min_size=1, max_size=12).filter(lambda part: part not in {".", "..", "-"})
TREES = st.dictionaries(st.lists(PARTS, min_size=1, max_size=3).map("/".join), st.binary(max_size=40), max_size=6)


def planted(tree: Mapping[str, bytes]) -> Manifest | None:
    """Return a manifest of the files, or None where one is in the place of a folder."""
    try:
        return Manifest.of([Entry(path, path) for path in tree])
    except ValueError:
        return None


@cache
def escapes_returns() -> bool:
    """Tell whether this `sha256sum` writes and reads a carriage return as `\\r`: old ones know `\\n` alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "\r").touch()
        return subprocess.run(["sha256sum", "\r"], cwd=folder, capture_output=True, check=True).stdout[:1] == b"\\"


@settings(max_examples=50, deadline=None)
@given(TREES)
def test_sha256sum_checks_what_it_says(tree: dict[str, bytes]) -> None:
    manifest = planted(tree)
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not installed")
    if manifest is None or not tree or ("\r" in "".join(tree) and not escapes_returns()):
        return
    with tempfile.TemporaryDirectory() as folder:
        for path, data in tree.items():
            place = Path(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        listed = list_of("sha256sum", manifest, tree)
        command = ["sha256sum", "-c", "--strict"]
        done = subprocess.run(command, input=listed, cwd=folder, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.count(b": OK\n") == len(tree)
        paths = [entry.dest for entry in manifest.entries if not entry.is_folder]
        own = subprocess.run(["sha256sum", "--", *paths], cwd=folder, capture_output=True, check=True).stdout
        assert listed == own
        place.write_bytes(data + b"!")
        assert subprocess.run(command, input=listed, cwd=folder, capture_output=True, check=False).returncode == 1


@given(TREES)
def test_readers_of_csv_get_names_digests_and_sizes_back(tree: dict[str, bytes]) -> None:
    if (manifest := planted(tree)) is None:
        return
    text = list_of("record", manifest, tree, "x.dist-info/RECORD").decode()
    *rows, itself = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert itself == ["x.dist-info/RECORD", "", ""]
    assert [row[0] for row in rows] == [entry.dest for entry in manifest.entries if not entry.is_folder]
    for name, digest, size in rows:
        algorithm, _, value = digest.partition("=")
        assert (algorithm, int(size)) == ("sha256", len(tree[name]))
        assert base64.urlsafe_b64decode(f"{value}=") == hashlib.sha256(tree[name]).digest()
