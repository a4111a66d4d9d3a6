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
            f"error: `127.0.0.1:{port}` cannot be listened at: address already in use\n"
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
        "error: `http` is no whole number\n  at --port\n  fix: write a whole number, such as 8650\n\n"
        "error: `many` is no whole number\n  at AAM_REGISTRY_WORKERS\n  fix: write a whole number, such as 1\n",
    )


@pytest.mark.parametrize("host", ["no.such.machine.invalid", "..", "x" * 300])
def test_a_host_that_is_no_machine_is_told(place: Place, capsys: pytest.CaptureFixture[str], host: str) -> None:
    assert aam(capsys, "registry", "serve", str(place.root / "packages"), "--host", host) == (
        2,
        "",
        f"error: `{host[:200]}` is no address or name of this machine\n  fix: name one with --host, such as 127.0.0.1\n",
    )
    assert not (place.root / "packages").exists()


def test_tokens_do_not_travel_in_the_open(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    serve = (
        "registry",
        "serve",
        str(place.root / "packages"),
        "--host",
        "0.0.0.0",
        "--port",
        str(free_port()),
    )  # refused
    assert aam(capsys, *serve) == (
        2,
        "",
        "error: at `0.0.0.0` tokens would travel over plain HTTP, where others can read them\n"
        "  fix: give --tls-cert and --tls-key, or --behind-proxy where a proxy speaks TLS before it\n",
    )
    assert not (place.root / "packages").exists()


def test_a_database_of_another_kind_is_told_without_its_password(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    fix = "write postgresql://USER@HOST/NAME, or leave it out for SQLite beside the registry's folder"
    for given, told in (
        ("mysql+pymysql://ann:s3cret@host/name", "databases of the kind `mysql` are not known here"),
        ("s3cret", "the address of the database is no URL"),
    ):
        for bucket in ((), ("--bucket", "s3://packages")):
            assert aam(capsys, "registry", "serve", "--database", given, *bucket) == (
                2,
                "",
                f"error: {told}\n  at --database\n  fix: {fix}\n",
            )


@pytest.mark.parametrize(
    "wrong",
    [
        ("READ_RATE", "-1", "`-1` is less than 0", "write a whole number from 0 on"),
        ("MAX_ARCHIVE", "50 MB", "`50 MB` is no whole number", "write a whole number, such as 52428800"),
        ("DRAIN_SECONDS", "nan", "`nan` is no number", "write a number, such as 0.0"),
        ("BODY_SECONDS", "0", "`0` is less than 1", "write a number from 1 on"),
        ("OPEN_PUBLISHING", "maybe", "`maybe` is neither `true` nor `false`", "write true or false"),
        ("PORT", "70000", "`70000` is more than 65535, and no port", "write a whole number from 0 to 65535"),
        ("LOG_LEVEL", "infos", "there is no level `infos` of messages", "did you mean `info`?"),
    ],
)
def test_a_setting_that_is_wrong_is_told_with_its_value(
    place: Place,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    wrong: tuple[str, str, str, str],
) -> None:
    variable, value, told, fix = wrong
    monkeypatch.setenv(f"AAM_REGISTRY_{variable}", value)
    assert aam(capsys, "registry", "serve", str(place.root / "packages")) == (
        2,
        "",
        f"error: {told}\n  at AAM_REGISTRY_{variable}\n  fix: {fix}\n",
    )
