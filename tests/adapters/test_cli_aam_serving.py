"""`aam registry serve`: what it says before it serves."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from agents import Place, aam, make_place
from registries.docker import free_port

from packaging_targets.adapters.http import running


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name in ("ROOT", "DATA", "DATABASE", "BUCKET", "PORT", "HOST"):
        monkeypatch.setenv(f"AAM_REGISTRY_{name}", "")  # which `serve` sets, for the processes that it starts
    return make_place(tmp_path, monkeypatch)


def test_an_address_that_somebody_has_is_told_and_nothing_is_made(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    root = place.root / "packages"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert aam(capsys, "registry", "serve", str(root), "--port", str(port)) == (
            2,
            "",
            f"error: 127.0.0.1:{port} cannot be listened at: address already in use\n"
            "  fix: name another with --host and --port\n",
        )
    assert not root.exists()


def test_who_has_no_token_yet_is_told_how_to_make_one(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "serve", lambda *_: None)
    root, port = place.root / "packages", free_port()
    serving = f"serving {root} at http://127.0.0.1:{port}\n"
    hint = (
        "make the first token, in another terminal:\n"
        f"  aam registry token create {root} --person YOU --label first --actions admin\n"
    )
    serve = ("registry", "serve", str(root), "--port", str(port))
    assert aam(capsys, *serve) == (0, "", f"made an empty registry in {root}\n{serving}{hint}")
    assert aam(capsys, *serve) == (0, "", serving + hint)
    create = ("--person", "ann", "--actions", "admin")
    aam(capsys, "registry", "token", "create", str(root), *create)
    mistyped = f"{root}s"
    told = aam(capsys, "registry", "token", "create", mistyped, *create)[2]
    assert told.startswith(f"made an empty registry in {mistyped}\ntoken ")
    assert aam(capsys, *serve) == (0, "", serving)


def test_what_is_wrong_is_called_as_it_was_typed(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AAM_REGISTRY_WORKERS", "many")
    assert aam(capsys, "registry", "serve", str(place.root / "packages"), "--port", "http") == (
        2,
        "",
        "error: must be a whole number\n  at --port\n\nerror: must be a whole number\n  at AAM_REGISTRY_WORKERS\n",
    )
