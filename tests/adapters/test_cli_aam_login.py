"""`aam login`, `aam logout` and `aam whoami`: where tokens come from, where they are kept, and whom they are shown to."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest
from agent_server import AgentServer
from agents import Place, aam, make_place, publish
from hosts import Hosted, hosted
from keyring.backend import KeyringBackend
from keyring.backends.null import Keyring as NoKeyring
from registries.fake import Fault
from serving import Server

from packaging_targets.adapters.http.application import make_app

Run = Callable[..., tuple[int, str, str]]
SECRET = "aam_s3cret"
VARIABLES = ("AAM_TOKEN", "AAM_TOKEN_URL", "AAM_TOKEN_CORP", "AAM_IDENTITY_TOKEN")


class MemoryKeyring(KeyringBackend):
    """A keyring that forgets when the test ends."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the library's
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]  # the library's
    yield
    keyring.set_keyring(before)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return make_place(tmp_path, monkeypatch)


@pytest.fixture
def server(place: Place) -> Iterator[AgentServer]:
    with AgentServer(place.registry) as running:
        running.allow(SECRET)
        yield running


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code, out, err = aam(capsys, *arguments)
        assert "s3cret" not in out + err
        return code, out, err

    return run


@pytest.mark.uaaps("S12.6.login", "S12.6.logout", "S12.6.whoami")
def test_a_token_is_kept_once_the_registry_has_said_whose_it_is(server: AgentServer, place: Place, run: Run) -> None:
    kept = place.home / "credentials.json"
    asked = ("--registry", server.url)
    assert run("login", *asked, "--token-stdin", typed=f"{SECRET}\n") == (
        0, f"signed in to {server.url} as ann\n  the token is in {kept}\n", "",
    )  # fmt: skip
    assert kept.stat().st_mode & 0o777 == 0o600
    assert run("whoami", *asked) == (0, f"ann at {server.url}, by aam login\n  may publish, yank: *\n", "")
    code, out, _ = run("whoami", *asked, "--json")
    assert code == 0
    assert json.loads(out) == {
        "ok": True,
        "registry": server.url,
        "person": "ann",
        "token": "t1",
        "grants": [{"actions": ["publish", "yank"], "patterns": ["*"]}],
        "expiresAt": None,
        "source": "aam login",
    }
    assert run("logout", *asked) == (0, f"signed out of {server.url}: the token is revoked\n", "")
    assert SECRET not in server.tokens
    assert SECRET not in kept.read_text()
    assert run("logout", *asked) == (0, f"nobody was signed in to {server.url}\n", "")
    code, _, err = run("whoami", *asked)
    assert (code, err) == (
        1,
        f"error: credentials are needed\n  at {server.url}\n  fix: aam login --registry {server.url}\n",
    )


def test_a_token_that_is_not_valid_is_not_kept(server: AgentServer, place: Place, run: Run) -> None:
    code, _, err = run("login", "--registry", server.url, "--token-stdin", typed="aam_wrong")
    assert (code, err) == (
        1,
        f"error: the token is not valid\n  at {server.url}\n"
        "  fix: give the whole token, or ask who runs the registry for another\n",
    )
    assert not (place.home / "credentials.json").exists()
    code, _, err = run("login", "--registry", server.url, "--token-stdin", typed=" \n")
    assert (code, err) == (2, "error: there is no token\n  fix: give one that is not empty\n")


def test_a_secret_is_asked_for_and_not_shown(server: AgentServer, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = run("login", "--registry", server.url)
    assert (code, err) == (
        2,
        "error: there is nobody at the terminal to type a secret\n  fix: pipe it in: aam login --token-stdin < token.txt\n",
    )
    assert run("login", "--registry", server.url, "--username", "bob", typed="s3cret") == (
        2,
        "",
        "error: there is nobody at the terminal to type a secret\n"
        "  fix: type the password at a terminal, or use a token: aam login --token-stdin < token.txt\n",
    )
    monkeypatch.setattr("packaging_targets.adapters.cli.aam.login._is_somebody_there", lambda: True)
    prompts: list[str] = []

    def typed(prompt: str, _: object) -> str:
        prompts.append(prompt)
        return SECRET if prompt == "token: " else "s3cret"

    monkeypatch.setattr("getpass.getpass", typed)
    assert run("login", "--registry", server.url)[0] == 0
    server.passwords["bob"] = "s3cret"
    code, out, _ = run("login", "--registry", server.url, "--username", "bob", "--json")
    assert code == 0
    assert json.loads(out)["person"] == "bob"
    assert prompts == ["token: ", "password of bob: "]
    made = [one for one in server.log if one.path == "/tokens"]
    assert [one.headers["authorization"].partition(" ")[0] for one in made] == ["Basic"]


def test_an_identity_is_exchanged_for_a_token(
    server: AgentServer, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.identities["header.s3cret.signature"] = "https://ci.example|repo:acme"
    (tmp_path / "identity").write_text("header.s3cret.signature\n")
    kept = tmp_path / "home" / "credentials.json"
    told = (
        0,
        f"signed in to {server.url} as https://ci.example|repo:acme\n"
        f"  the token is in {kept}, and is good until 2030-01-01T00:00:00Z\n",
        "",
    )
    assert run("login", "--registry", server.url, "--identity-token", str(tmp_path / "identity")) == told
    assert run("login", "--registry", server.url, "--identity-token", "-", typed="header.s3cret.signature") == told
    monkeypatch.setenv("AAM_IDENTITY_TOKEN", "header.s3cret.signature")
    assert run("login", "--registry", server.url) == told
    code, _, err = run("login", "--registry", server.url, "--identity-token", "none")
    assert (code, err) == (2, "error: `none` cannot be read: no such file or directory\n")
    assert "s3cret" not in kept.read_text()


def test_a_keyring_keeps_the_token_where_there_is_one(server: AgentServer, place: Place, run: Run) -> None:
    ring = MemoryKeyring()
    keyring.set_keyring(ring)
    asked = ("--registry", server.url)
    _, out, _ = run("login", *asked, "--token-stdin", typed=SECRET)
    assert out.splitlines()[1] == "  the token is in the keyring"
    assert ring.held == {("aam", server.url): SECRET}
    assert SECRET not in (place.home / "credentials.json").read_text()
    assert run("whoami", *asked)[0] == 0
    assert run("logout", *asked)[0] == 0
    assert ring.held == {}
    run("login", *asked, "--token-stdin", typed=SECRET)
    ring.held.clear()
    server.allow(SECRET)
    run("login", *asked, "--token-stdin", typed=SECRET)
    ring.held.clear()
    code, _, err = run("whoami", *asked)
    assert (code, err.splitlines()[0]) == (2, f"error: the token for `{server.url}` is gone")


def test_tokens_that_others_can_read_are_not_used(server: AgentServer, place: Place, run: Run) -> None:
    run("login", "--registry", server.url, "--token-stdin", typed=SECRET)
    kept = place.home / "credentials.json"
    kept.chmod(0o644)
    code, _, err = run("whoami", "--registry", server.url)
    assert (code, err) == (
        2,
        f"error: the tokens in `{kept}` can be read by others: the mode of the file is 0644\n  at {kept}\n"
        f"  fix: chmod 600 {kept}, and make new tokens if others have read these\n",
    )
    kept.chmod(0o600)
    kept.write_text('{"registries": ["s3cret"')
    code, _, err = run("whoami", "--registry", server.url)
    assert (code, err.splitlines()[0]) == (2, f"error: `{kept}` is damaged")


def test_a_token_is_for_one_registry(server: AgentServer, place: Place, run: Run) -> None:
    run("login", "--registry", server.url, "--token-stdin", typed=SECRET)
    for url in (f"{server.url}/other", server.url.replace("127.0.0.1", "localhost")):
        server.log.clear()
        run("whoami", "--registry", url)
        assert [one.headers.get("authorization") for one in server.log] == [None]


def test_a_token_that_cannot_be_revoked_is_forgotten(server: AgentServer, run: Run) -> None:
    run("login", "--registry", server.url, "--token-stdin", typed=SECRET)
    server.fail("DELETE", "/tokens", Fault(status=403))
    code, out, err = run("logout", "--registry", server.url)
    assert (code, out) == (
        0, f"signed out of {server.url}: the token could not be revoked, and is forgotten here\n",
    )  # fmt: skip
    assert err.startswith("warning: the registry refuses access (403)\n")
    assert run("whoami", "--registry", server.url)[0] == 1


def test_a_folder_is_nothing_to_sign_in_to(place: Place, run: Run) -> None:
    code, _, err = run("login", "--token-stdin", typed=SECRET)
    assert (code, err) == (
        2, f"error: `{place.url}` is a folder, where nobody signs in\n  fix: name a server: --registry https://…\n",
    )  # fmt: skip


# The environment and config.yaml


def config(place: Place, text: str) -> None:
    (place.home / "config.yaml").write_text(text)
    (place.home / "config.yaml").chmod(0o600)


def shown(server: AgentServer) -> list[str | None]:
    """What the last requests showed."""
    found = [one.headers.get("authorization") for one in server.log]
    server.log.clear()
    return found


def test_a_variable_counts_for_the_registry_that_it_is_for(
    server: AgentServer, place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AAM_TOKEN", SECRET)
    run("registry", "ls", server.url)
    monkeypatch.setenv("AAM_TOKEN_URL", "https://another.example")
    run("registry", "ls", server.url)
    assert shown(server) == [None, None]
    monkeypatch.setenv("AAM_TOKEN_URL", f"{server.url}/")
    assert run("registry", "ls", server.url)[0] == 0
    assert shown(server) == [f"Bearer {SECRET}"]
    monkeypatch.delenv("AAM_TOKEN_URL")
    assert run("whoami", "--registry", server.url) == (
        1,
        "",
        f"error: credentials are needed\n  at {server.url}\n  fix: aam login --registry {server.url}, "
        f"or set AAM_TOKEN_URL to {server.url}: AAM_TOKEN goes to that registry alone\n",
    )


def test_a_wrong_path_in_the_address_of_a_registry_is_told(real: tuple[Hosted, str], run: Run) -> None:
    url = f"{real[1]}/elsewhere"
    assert run("whoami", "--registry", url) == (
        1,
        "",
        f"error: there is nothing at /elsewhere/whoami\n  at {url}\n"
        f"  fix: look at the address: is `{url}` a registry of agent packages?\n",
    )


def test_a_registry_has_to_be_named_where_none_of_the_sources_is_the_default(place: Place, run: Run) -> None:
    config(place, "registries:\n  sources:\n    - name: corp\n      url: https://packages.example.org\n")
    assert run("whoami") == (
        2,
        "",
        "error: no registry is the default one, and none was named\n  at config.yaml\n"
        "  fix: name one with --registry, such as corp, or set registries.default to it\n",
    )


@pytest.mark.uaaps("S12.6.token-environment", "S12.6.auth-token", "S12.6.auth-basic")
@pytest.mark.uaaps("S12.6.token-environment")
def test_a_source_has_its_token(server: AgentServer, place: Place, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    source = f"registries:\n  sources:\n    - name: corp\n      url: {server.url}\n"
    config(place, f"{source}      auth: token\n      token: ${{MY_TOKEN}}\n")
    code, _, err = run("registry", "ls", "corp")
    assert (code, err.splitlines()[0]) == (2, "error: the variable `MY_TOKEN` is not set")
    monkeypatch.setenv("MY_TOKEN", SECRET)
    assert run("registry", "ls", "corp")[0] == 0
    config(place, source)
    monkeypatch.setenv("AAM_TOKEN_CORP", SECRET)
    assert run("registry", "ls", "corp")[0] == 0
    config(place, f"{source}      auth: basic\n      token: ann:s3cret\n")
    server.passwords["ann"] = "s3cret"
    assert run("registry", "ls", "corp")[0] == 0
    assert [text.partition(" ")[0] for text in shown(server) if text] == ["Bearer", "Bearer", "Basic"]


@pytest.mark.uaaps("S12.6.auth-oidc")
def test_an_identity_is_exchanged_on_the_fly_and_kept_nowhere(
    server: AgentServer, place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.identities["header.s3cret.signature"] = "ci"
    config(place, f"registries:\n  sources:\n    - name: corp\n      url: {server.url}\n      auth: oidc\n")
    monkeypatch.setenv("AAM_IDENTITY_TOKEN", "header.s3cret.signature")
    assert run("registry", "ls", "corp")[0] == 0
    assert shown(server) == [None, "Bearer aam_exchanged"]
    assert sorted(path.name for path in place.home.iterdir()) == ["config.yaml"]


def test_what_a_project_says_sends_no_secret_anywhere(
    server: AgentServer, place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(place, "registries:\n  sources:\n    - name: corp\n      url: https://corp.example\n      auth: oidc\n")
    (place.project / ".aam").mkdir()
    theirs = f"registries:\n  sources:\n    - name: corp\n      url: {server.url}\n      auth: oidc\n"
    (place.project / ".aam" / "config.yaml").write_text(theirs)
    monkeypatch.setenv("AAM_TOKEN_CORP", SECRET)
    monkeypatch.setenv("AAM_TOKEN", SECRET)
    monkeypatch.setenv("AAM_IDENTITY_TOKEN", "header.s3cret.signature")
    run("registry", "ls", "corp")
    assert shown(server) == [None]
    assert server.asked("POST") == []


# A real server


@pytest.fixture
def real(tmp_path: Path) -> Iterator[tuple[Hosted, str]]:
    (tmp_path / "host").mkdir()
    with (
        hosted(tmp_path / "host", url="http://registry.test", private=("@acme/*",)) as host,
        Server(make_app(host.host)) as running,
    ):
        yield host, running.url


@pytest.mark.uaaps("S12.6.login", "S12.6.logout", "S12.6.whoami")
def test_a_real_server_from_login_to_logout(real: tuple[Hosted, str], place: Place, run: Run) -> None:
    host, url = real
    publish(host.folder, "@acme/hidden")
    assert run("registry", "ls", url)[1] == "no packages\n"
    assert run("login", "--registry", url, "--token-stdin", typed=host.token("ann"))[0] == 0
    assert run("registry", "ls", url)[1] == "@acme/hidden  1.0.0  (1.0.0)\n"
    assert run("whoami", "--registry", url)[1].startswith(f"ann at {url}, by aam login\n  may read, publish, yank: *\n")
    assert run("pkg", "init", "p", "--name", "plain")[0] == 0
    assert run("pkg", "publish", "p", "--registry", url)[0] == 0
    assert run("install", "plain", "@acme/hidden", "--registry", url)[0] == 0
    assert {one["source"]["registry"] for one in place.lock()["resolved"].values()} == {url}
    assert run("logout", "--registry", url) == (0, f"signed out of {url}: the token is revoked\n", "")
    code, _, err = run("yank", "plain@1.0.0", "--registry", url)
    assert (code, err.splitlines()[-1]) == (1, f"  fix: aam login --registry {url}")


def test_a_lock_of_the_folder_installs_from_the_server(real: tuple[Hosted, str], place: Place, run: Run) -> None:
    host, url = real
    for number in range(40):
        publish(host.folder, f"dep{number}")
    publish(host.folder, "top", "1.0.0", {f"dep{number}": "^1.0.0" for number in range(40)})
    assert run("install", "top", "--registry", host.folder.url)[0] == 0
    before = place.lock()
    files = place.files(".agent-packages")
    shutil.rmtree(place.project / ".agent-packages")
    for path in (place.home / "cache").glob("*.aam"):
        path.unlink()
    code, _, err = run("install", "--frozen", "--registry", url)
    assert (code, err) == (0, ""), err
    assert place.lock() == before
    assert {key: data for key, data in place.files(".agent-packages").items() if "/" in key} == {
        key: data for key, data in files.items() if "/" in key
    }


def test_a_mirror_of_a_server_is_what_its_folder_is(real: tuple[Hosted, str], place: Place, run: Run) -> None:
    host, url = real
    publish(host.folder, "plain")
    publish(host.folder, "gone")
    run("login", "--registry", url, "--token-stdin", typed=host.token("ann"))
    assert run("yank", "gone@1.0.0", "--registry", url)[0] == 0
    code, out, _ = run("registry", "mirror", url, str(place.root / "mirror"))
    assert (code, out) == (0, "copied: 2, there already: 0, packages that changed: 2\n")
    for path in ("index.json", "dist-tags.json", "packages/gone/meta.json", "packages/plain/versions/1.0.0.aam"):
        assert (place.root / "mirror" / path).read_bytes() == (Path(host.folder.tree.root) / path).read_bytes()
