"""Where credentials come from, and that nothing shows them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from packaging_targets.errors import PackagingError
from packaging_targets.registry.oci.credentials import Credentials, find_credentials
from packaging_targets.registry.oci.reference import Registry

GHCR = Registry("ghcr.io")


def docker(tmp_path: Path, config: object, **environment: str) -> dict[str, str]:
    """Return an environment with a Docker config, and with credential programs from `tmp_path`."""
    folder = tmp_path / "docker"
    folder.mkdir(exist_ok=True)
    text = config if isinstance(config, str) else json.dumps(config)
    (folder / "config.json").write_text(text)
    return {"DOCKER_CONFIG": str(folder), "PATH": f"{tmp_path}:/usr/bin:/bin", **environment}


def program(tmp_path: Path, name: str, script: str) -> None:
    path = tmp_path / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def auth(user: str, secret: str) -> str:
    return base64.b64encode(f"{user}:{secret}".encode()).decode()


def found(registry: Registry, environment: dict[str, str]) -> tuple[str, str, str, str] | None:
    one = find_credentials(registry, environment)
    return (one.user, one.secret, one.identity_token, one.source) if one else None


def test_the_variable_of_dev_container_clients_comes_first(tmp_path: Path) -> None:
    env = docker(tmp_path, {"auths": {"ghcr.io": {"auth": auth("ben", "other")}}})
    env["DEVCONTAINERS_OCI_AUTH"] = "localhost:5000|x|y,ghcr.io|ana|a|b"
    assert found(GHCR, env) == ("ana", "a|b", "", "DEVCONTAINERS_OCI_AUTH")
    assert found(Registry("localhost:5000"), env) == ("x", "y", "", "DEVCONTAINERS_OCI_AUTH")
    assert found(Registry("quay.io"), env) is None


def test_a_variable_of_another_form_is_told_without_its_content(tmp_path: Path) -> None:
    env = docker(tmp_path, {}, DEVCONTAINERS_OCI_AUTH="ghcr.io:ana:hidden")
    with pytest.raises(PackagingError) as caught:
        find_credentials(GHCR, env)
    assert str(caught.value) == (
        "error: DEVCONTAINERS_OCI_AUTH has an entry without host, user and token\n  at the environment\n"
        "  fix: write DEVCONTAINERS_OCI_AUTH=HOST|USER|TOKEN, and more of them after commas"
    )


@pytest.mark.parametrize("key", ["ghcr.io", "https://ghcr.io", "https://ghcr.io/v2/", "GHCR.io/"])
def test_auths_of_the_docker_config(tmp_path: Path, key: str) -> None:
    env = docker(tmp_path, {"auths": {key: {"auth": auth("ana", "p:w")}}})
    assert found(GHCR, env) == ("ana", "p:w", "", f"`{tmp_path}/docker/config.json`")


def test_other_forms_of_an_entry(tmp_path: Path) -> None:
    entries = {
        "a.example": {"auth": auth("00000000", "x"), "identitytoken": "refresh"},
        "b.example": {"username": "ana", "password": "pw"},
        "c.example": {},
        "d.example": "what is this",
    }
    env = docker(tmp_path, {"auths": entries})
    source = f"`{tmp_path}/docker/config.json`"
    assert found(Registry("a.example"), env) == ("", "", "refresh", source)
    assert found(Registry("b.example"), env) == ("ana", "pw", "", source)
    assert found(Registry("c.example"), env) is None
    assert found(Registry("d.example"), env) is None


def test_docker_hub_has_a_name_of_its_own(tmp_path: Path) -> None:
    env = docker(tmp_path, {"auths": {"https://index.docker.io/v1/": {"auth": auth("ana", "pw")}}})
    for name in ("docker.io", "index.docker.io", "registry-1.docker.io"):
        assert (found(Registry(name), env) or ())[:2] == ("ana", "pw")


def test_without_a_docker_config_there_is_home(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"auths": {"ghcr.io": {"auth": auth("a", "b")}}}))
    assert (found(GHCR, {"HOME": str(tmp_path)}) or ())[:2] == ("a", "b")
    assert found(GHCR, {"HOME": str(tmp_path / "nowhere")}) is None


def test_github_token_is_for_ghcr_alone(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "GITHUB_TOKEN": "t"}
    assert found(GHCR, env) == ("USERNAME", "t", "", "GITHUB_TOKEN")
    assert found(Registry("quay.io"), env) is None
    assert found(GHCR, {**env, "GITHUB_HOST": "github.example.org"}) is None


def test_a_credential_program_is_asked_on_its_input(tmp_path: Path) -> None:
    program(
        tmp_path, "safe", 'read server; [ "$1" = get ] && echo "{\\"Username\\":\\"ana\\",\\"Secret\\":\\"$server!\\"}"'
    )
    env = docker(tmp_path, {"credHelpers": {"ghcr.io": "safe"}, "credsStore": "missing"})
    assert found(GHCR, env) == ("ana", "ghcr.io!", "", "`docker-credential-safe`")


def test_a_store_is_asked_for_every_registry_and_may_know_none(tmp_path: Path) -> None:
    program(tmp_path, "store", "echo credentials not found in native keychain; exit 1")
    env = docker(tmp_path, {"credsStore": "store", "auths": {"ghcr.io": {"auth": auth("ana", "pw")}}})
    assert (found(GHCR, env) or ())[:2] == ("ana", "pw")


def test_a_program_may_give_an_identity_token(tmp_path: Path) -> None:
    program(tmp_path, "id", """echo '{"Username":"<token>","Secret":"refresh"}'""")
    env = docker(tmp_path, {"credsStore": "id"})
    assert found(GHCR, env) == ("", "", "refresh", "`docker-credential-id`")


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"credsStore": "missing"}, "there is no program `docker-credential-missing`\n  at {config}\n  fix: install docker-credential-missing, or take it out of the config"),
        ({"credsStore": "../evil"}, "the Docker config names a credential program with an impossible name\n  at {config}"),
        ({"credsStore": "bad"}, "`docker-credential-bad get` failed for `ghcr.io` (exit code 3)\n  at {config}\n  fix: try `echo ghcr.io | docker-credential-bad get`"),
        ({"credsStore": "odd"}, "`docker-credential-odd get` failed for `ghcr.io` (exit code 0)\n  at {config}\n  fix: try `echo ghcr.io | docker-credential-odd get`"),
        ("{hidden", "the Docker config is not JSON\n  at {config}\n  fix: correct it, or move it away"),
        ("[]", "the Docker config is no JSON object\n  at {config}\n  fix: correct it, or move it away"),
        ("[" * 100_000, "the Docker config is not JSON\n  at {config}\n  fix: correct it, or move it away"),
        ("1" * (1 << 21), "the Docker config is not JSON\n  at {config}\n  fix: correct it, or move it away"),
        ({"auths": {"ghcr.io": {"auth": "hidden"}}}, "an `auth` of the Docker config is not base64 of user and password\n  at `{config}`\n  fix: run `docker login` again"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_without_secrets(tmp_path: Path, config: object, told: str) -> None:
    program(tmp_path, "bad", "echo hidden; echo hidden >&2; exit 3")
    program(tmp_path, "odd", 'echo \'{"Secret":"hidden"}\'')
    env = docker(tmp_path, config)
    with pytest.raises(PackagingError) as caught:
        find_credentials(GHCR, env)
    assert str(caught.value) == "error: " + told.format(config=f"{tmp_path}/docker/config.json")
    assert "hidden" not in str(caught.value)


def test_a_config_that_is_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()
    with pytest.raises(PackagingError, match="cannot be read: Is a directory"):
        find_credentials(GHCR, {"DOCKER_CONFIG": str(tmp_path)})


def test_nothing_that_prints_credentials_shows_them() -> None:
    one = Credentials("ana", "hidden-1", "hidden-2", "here")
    assert repr(one) == str(one) == "Credentials(source='here')"
