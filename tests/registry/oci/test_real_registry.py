"""The client against the registry that most of the world runs: `docker-registry` of Debian, on this machine."""

from __future__ import annotations

import contextlib
import io
import shutil
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from registries.docker import docker_registry, free_port
from registries.tokens import certificate, token_server

from packaging_targets.errors import RegistryError
from packaging_targets.formats.oci.manifest import Descriptor, OciManifest
from packaging_targets.model.digest import Digest
from packaging_targets.registry.http.transport import Patience
from packaging_targets.registry.oci.blobs.upload import Blob
from packaging_targets.registry.oci.client import OciClient
from packaging_targets.registry.oci.credentials import Credentials, find_credentials
from packaging_targets.registry.oci.reference import Registry, Repository

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(shutil.which("docker-registry") is None, reason="docker-registry is not installed"),
]

# The user ana with the password s3cret, hashed with bcrypt as `htpasswd -B` does.
HTPASSWD = "ana:$2y$05$LMxohtNLwkeF9iUtk9gHR.mcDT2.5d4EFL.BA.hIQ/XBgHVYcXsIy\n"
EMPTY = Digest.of(b"{}")
LARGE = bytes(range(256)) * 40_000  # 10 MB


@pytest.fixture(scope="module")
def open_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with docker_registry(tmp_path_factory.mktemp("open")) as host:
        yield host


@pytest.fixture(scope="module")
def guarded_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "htpasswd").write_text(HTPASSWD)
    with docker_registry(folder, settings=f"auth: {{htpasswd: {{realm: here, path: {folder}/htpasswd}}}}\n") as host:
        yield host


def connect(host: str, chunk: int = 1 << 20) -> tuple[OciClient, Repository]:
    registry = Registry.parse(host)
    client = OciClient(registry, credentials=lambda _: None, chunk=chunk, patience=Patience(first=0.01))
    return client, Repository.of(registry, f"acme/color-{time.monotonic_ns()}")


def test_everything_that_publishing_needs(open_registry: str) -> None:
    client, place = connect(open_registry)
    assert client.tags(place) == ()
    assert client.push_blob(place, Blob.of(EMPTY, b"{}")) == "uploaded"
    assert client.push_blob(place, Blob.of(EMPTY, b"{}")) == "present"
    assert client.push_blob(place, Blob.of(Digest.of(LARGE), LARGE)) == "uploaded"
    layer = Descriptor("application/octet-stream", Digest.of(LARGE), len(LARGE))
    data = OciManifest(Descriptor("application/json", EMPTY, 2), (layer,)).to_bytes()
    for tag in ("1", "1.2", "1.2.3", "latest"):
        assert client.put_manifest(place, tag, data) == Digest.of(data)
    assert client.manifest_digest(place, "1.2") == Digest.of(data)
    assert client.manifest_digest(place, "9") is None
    assert client.manifest(place, str(Digest.of(data))) == data
    assert set(client.tags(place)) == {"1", "1.2", "1.2.3", "latest"}
    into = io.BytesIO()
    client.read_blob(place, Digest.of(LARGE), len(LARGE), into)
    assert into.getvalue() == LARGE


def test_a_mount_takes_no_bytes(open_registry: str) -> None:
    client, place = connect(open_registry)
    blob = Blob.of(Digest.of(LARGE), LARGE)
    client.push_blob(place, blob)
    other = Repository.of(place.registry, f"{place.path}-too")
    assert client.push_blob(other, blob, place) == "mounted"
    assert client.has_blob(other, blob.digest)


class _Cut(io.BytesIO):
    """A stream that hangs up in the middle, once."""

    left = 1

    def read(self, size: int | None = -1) -> bytes:
        if _Cut.left and self.tell() > 5 << 20:
            _Cut.left = 0
            raise OSError("cut")
        return super().read(size)


@pytest.mark.parametrize("chunk", [1 << 20, 64 << 20])
def test_an_upload_that_is_cut_goes_on(open_registry: str, chunk: int) -> None:
    _Cut.left = 1
    client, place = connect(open_registry, chunk)
    assert client.push_blob(place, Blob(Digest.of(LARGE), len(LARGE), lambda: _Cut(LARGE))) == "uploaded"
    assert _Cut.left == 0
    assert client.has_blob(place, Digest.of(LARGE))


def test_many_at_once(open_registry: str) -> None:
    client, place = connect(open_registry)
    blobs = [Blob.of(Digest.of(data), data) for data in (f"{n}".encode() * 1000 for n in range(60))]
    threads = [
        threading.Thread(target=lambda part=part: [client.push_blob(place, one) for one in part])
        for part in (blobs[0::4], blobs[1::4], blobs[2::4], blobs[3::4])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(client.has_blob(place, one.digest) for one in blobs)


def test_a_password_and_a_program_that_keeps_it(guarded_registry: str, tmp_path: Path) -> None:
    registry = Registry.parse(guarded_registry)
    place = Repository.of(registry, "acme/color")
    with pytest.raises(RegistryError, match="the registry wants credentials"):
        OciClient(registry, credentials=lambda _: None).tags(place)
    wrong = Credentials("ana", "wrong", source="here")
    with pytest.raises(RegistryError, match="renew the credentials"):
        OciClient(registry, credentials=lambda _: wrong).tags(place)
    helper = tmp_path / "docker-credential-test"
    helper.write_text(
        '#!/bin/sh\nread host\necho "{\\"ServerURL\\":\\"$host\\",\\"Username\\":\\"ana\\",\\"Secret\\":\\"s3cret\\"}"\n'
    )
    helper.chmod(0o755)
    (tmp_path / "config.json").write_text(f'{{"credHelpers": {{"{registry.host}": "test"}}}}')
    environment = {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    client = OciClient(registry, credentials=lambda one: find_credentials(one, environment))
    assert client.push_blob(place, Blob.of(EMPTY, b"{}")) == "uploaded"


def test_what_other_clients_see(open_registry: str) -> None:
    client, place = connect(open_registry)
    client.push_blob(place, Blob.of(EMPTY, b"{}"))
    blob = Descriptor("application/json", EMPTY, 2)
    data = OciManifest(blob, (blob,)).to_bytes()
    client.put_manifest(place, "1", data)
    request = urllib.request.Request(
        place.url("manifests/1"), headers={"Accept": "application/vnd.oci.image.manifest.v1+json"}
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.read() == data
        assert answer.headers["Content-Type"] == "application/vnd.oci.image.manifest.v1+json"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_tokens_that_are_signed_elsewhere(tmp_path: Path) -> None:
    ana = Credentials("ana", "s3cret", source="here")
    with contextlib.ExitStack() as stack:
        tokens = stack.enter_context(token_server(tmp_path / "tokens", "ana", "s3cret"))
        host = stack.enter_context(docker_registry(tmp_path / "registry", settings=tokens.settings))
        registry = Registry.parse(host)
        place, other = (Repository.of(registry, name) for name in ("acme/color", "acme/paint"))
        client = OciClient(registry, credentials=lambda _: ana)
        blob = Blob.of(Digest.of(LARGE), LARGE)
        assert client.push_blob(place, blob) == "uploaded"
        assert client.push_blob(other, blob, place) == "mounted"
        assert client.tags(place) == ()
        scopes = [asked["scope"] for asked in tokens.asked]
        assert scopes == [
            ["repository:acme/color:pull,push"],
            ["repository:acme/paint:pull,push"],
            ["repository:acme/paint:pull,push", "repository:acme/color:pull"],
            ["repository:acme/color:pull"],
        ]
        wrong = OciClient(registry, credentials=lambda _: Credentials("ana", "x", source="here"))
        with pytest.raises(RegistryError, match="the credentials are refused"):
            wrong.tags(place)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_certificate_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, made = certificate(tmp_path)
    port = free_port()
    tls = f"  tls: {{certificate: {made}, key: {key}}}\n"
    with docker_registry(tmp_path / "registry", port=port, settings=tls) as host:
        registry = Registry.parse(f"https://{host}")
        place = Repository.of(registry, "acme/color")
        waits: list[float] = []
        with pytest.raises(RegistryError) as caught:
            OciClient(registry, patience=Patience(sleep=waits.append)).tags(place)
        assert str(caught.value) == (
            f"error: the certificate of `{host}` is not trusted\n  at GET https://{host}/v2/acme/color/tags/list\n"
            "  fix: put the certificate of the authority that signed it into a file, and name that in SSL_CERT_FILE"
        )
        assert waits == []
        monkeypatch.setenv("SSL_CERT_FILE", str(made))
        client = OciClient(registry, credentials=lambda _: None)
        assert client.push_blob(place, Blob.of(EMPTY, b"{}")) == "uploaded"
