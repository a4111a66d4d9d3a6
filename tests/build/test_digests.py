"""`digests/1` through a rule: lists that stand beside files, and lists that an archive holds."""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from packaging_targets.adapters.testing import Workspace

RULE = """\
    from packaging_targets import Action, Entry, Manifest

    def analyse(context):
        kept = [Entry(path.removeprefix("a/"), path) for path in context.sources()]
        kept.append(Entry("x-1.dist-info/METADATA", text="Metadata-Version: 2.1\\nName: x\\nVersion: 1\\n"))
        files, inner = Manifest.of(kept), context.target.fields["list"]
        output, archive = context.output("list"), context.output(context.target.fields["archive"])
        params = {"manifest": files.to_json(), **context.target.fields["params"]}
        yield Action("digests/1", params, files.sources, (output,), "list")
        whole = Manifest.of([*files.entries, Entry(inner, output)])
        kind = f"{archive.rpartition('.')[2]}/1"
        yield Action(kind, {"manifest": whole.to_json()}, whole.sources, (archive,), "archive")
"""
WHEEL = 'archive = "x-1-py3-none-any.zip"\nlist = "x-1.dist-info/RECORD"\n'
RECORD = 'params = { format = "record", itself = "x-1.dist-info/RECORD" }\n'


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace(tmp_path / "repo")
    fields = {name: {"description": "d"} for name in ("archive", "list", "params")}
    schema = f'{{"title": "r", "description": "d", "properties": {str(fields).replace(chr(39), chr(34))}}}'
    ws.write({"rules/r/rule.py": RULE, "rules/r/schema.json": schema, "a/x/mod.py": "x = 1\n", "a/x/b, c.txt": "text"})
    return ws


def target(ws: Workspace, fields: str) -> None:
    ws.write({"a/TARGETS.toml": f'[[r]]\nname = "a"\nsrcs = ["x/**"]\n{fields}'})


def test_a_record_in_a_wheel(ws: Workspace, tmp_path: Path) -> None:
    target(ws, WHEEL + RECORD)
    run = ws.build()
    assert (run.exit_code, run.built) == (0, ["//a:a#archive", "//a:a#list"]), run.output
    with zipfile.ZipFile(ws.path("dist/a/x-1-py3-none-any.zip")) as wheel:
        wheel.extractall(tmp_path / "site")
        names = {info.filename for info in wheel.infolist() if not info.is_dir()}
    (found,) = metadata.distributions(path=[str(tmp_path / "site")])
    files = {str(file): file for file in found.files or ()}
    assert files.keys() == names
    for name, file in files.items():
        if name == "x-1.dist-info/RECORD":
            assert (file.hash, file.size) == (None, None)
        else:
            assert file.size == len(file.read_binary())
            assert file.hash is not None
            digest = base64.urlsafe_b64decode(f"{file.hash.value}=")
            assert (file.hash.mode, digest) == ("sha256", hashlib.sha256(file.read_binary()).digest())


def test_a_source_that_changes_changes_the_list_and_the_archive(ws: Workspace) -> None:
    target(ws, WHEEL + RECORD)
    ws.build()
    before = ws.contents()
    ws.write({"a/x/mod.py": "x = 2\n"})
    assert ws.build().built == ["//a:a#archive", "//a:a#list"]
    after = ws.contents()
    assert all(after[name] != before[name] for name in before)
    assert ws.build().built == []


def test_sums_in_an_archive(ws: Workspace, tmp_path: Path) -> None:
    target(ws, 'archive = "x.tar"\nlist = "SHA256SUMS"\nparams = { format = "sha256sum" }\n')
    assert ws.build().exit_code == 0
    with tarfile.open(fileobj=io.BytesIO(ws.path("dist/a/x.tar").read_bytes())) as archive:
        archive.extractall(tmp_path / "out", filter="data")
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True, check=True)
    assert done.stdout == b"x-1.dist-info/METADATA: OK\nx/b, c.txt: OK\nx/mod.py: OK\n"


def test_a_list_of_sums_cannot_name_itself(ws: Workspace) -> None:
    target(ws, 'archive = "x.tar"\nlist = "S"\nparams = { format = "sha256sum", itself = "S" }\n')
    what = "a list in the format `sha256sum` cannot name `S` itself, because no line goes without a digest"
    assert f"error: {what}\n  at //a:a#list\n  fix: leave `itself` out\n" in ws.packaging("build").output
