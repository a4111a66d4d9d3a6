"""`features package` with other interpreters, as other users, and beside the reference client."""

from __future__ import annotations

import glob
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import deflate
import pytest

CHECKOUT = Path(__file__).parents[2]


def interpreters() -> list[str]:
    """Return the other interpreters of this machine that we support, one of each minor version."""
    found: dict[str, str] = {}
    for minor in (11, 12, 13, 14, 15):
        name = f"python3.{minor}"
        places = sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/3.{minor}.*/bin/python")))
        program = places[-1] if places else shutil.which(name)
        if program and minor != sys.version_info.minor:
            found[name] = program
    return list(found.values())


def make_collection(root: Path) -> None:
    for number in range(3):
        folder = root / "src" / f"f{number}"
        (folder / "lib").mkdir(parents=True)
        metadata = {"id": folder.name, "version": f"1.{number}.0", "name": "Größe", "options": {}}
        (folder / "devcontainer-feature.json").write_text(json.dumps(metadata), "utf-8")
        (folder / "install.sh").write_text("#!/bin/sh\necho hello\n" * 200)
        (folder / "install.sh").chmod(0o755)
        (folder / "lib" / ("n" * 120)).write_bytes(bytes(range(256)) * 30 * number)
        (folder / "lib" / "日本").symlink_to("../install.sh")


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.requirement("FR-2.deterministic", "SC-3")
def test_every_interpreter_makes_the_same_bytes(tmp_path: Path) -> None:
    others = interpreters()
    if not others:
        pytest.skip("there is no other interpreter")
    make_collection(tmp_path)
    ours = os.path.dirname(os.path.dirname(deflate.__file__))
    found = {}
    for place, program in enumerate([sys.executable, *others]):
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{CHECKOUT}{os.pathsep}{ours}",
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }
        command = [program, "-m", "packaging_targets.adapters.cli.features", "package", "-o", f"out{place}"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        if "No module named 'deflate'" in done.stderr or "undefined symbol" in done.stderr:
            continue  # our deflate is not made for it
        assert done.returncode == 0, done.stderr
        found[program] = digests(tmp_path / f"out{place}")
    assert len(found) > 1
    assert [program for program, made in found.items() if made != found[sys.executable]] == []


@pytest.mark.service
@pytest.mark.requirement("D-3", "SC-1", "FR-2.gzip", "UP-gzip", "UP-order")
def test_the_archives_hold_what_the_reference_client_packs(tmp_path: Path) -> None:
    client = shutil.which("devcontainer")
    if not client:
        pytest.skip("the reference client is not installed: npm install @devcontainers/cli")
    make_collection(tmp_path)
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    subprocess.run([client, "features", "package", "-o", theirs, tmp_path / "src"], check=True, capture_output=True)
    command = [sys.executable, "-m", "packaging_targets.adapters.cli.features", "package", "-o", str(ours)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([*command, tmp_path], check=True, capture_output=True, env=environment)
    listings = [json.loads((folder / "devcontainer-collection.json").read_text("utf-8")) for folder in (theirs, ours)]
    assert listings[0]["sourceInformation"] == listings[1]["sourceInformation"]
    assert sorted(listings[0]["features"], key=lambda one: one["id"]) == listings[1]["features"]
    for number in range(3):
        their = contents((theirs / f"devcontainer-feature-f{number}.tgz").read_bytes())
        assert contents((ours / f"f{number}-1.{number}.0.tgz").read_bytes()) == their


def contents(data: bytes) -> dict[str, tuple[bytes, int, str, bytes]]:
    """Return type, mode, link and bytes of every entry of an archive, compressed or not."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {}
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            name = os.path.normpath(member.name)
            found[name] = (member.type, member.mode, member.linkname, file.read() if file else b"")
        return found
