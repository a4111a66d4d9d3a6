"""Signatures as people meet them: `pkg publish --sign`, `install` under policies, `verify`, `info`, `pkg verify-signature`."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from agents import Place, aam, make_place, package, packed
from signatures import about, signature
from sigstore_service import ALICE, ISSUER, SigstoreService, sigstore_service

import packaging_targets
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.services.aam.signing.signing import sign
from packaging_targets.services.aam.signing.statements import publication
from packaging_targets.services.aam.signing.trust import read_trust

Run = Callable[..., tuple[int, str, str]]
REVIEW = PackageName("acme", "review")
MALLORY = "mallory@evil.example"


@pytest.fixture(scope="module")
def service() -> Iterator[SigstoreService]:
    with sigstore_service() as found:
        yield found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return make_place(tmp_path, monkeypatch)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda *arguments: aam(capsys, *arguments)


@pytest.fixture(autouse=True)
def trust(service: SigstoreService, place: Place, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's trust configuration, and an identity token of Alice."""
    monkeypatch.setenv("AAM_IDENTITY_TOKEN", service.token())
    service.write(place.home)
    return place.home / "trust_config.json"


def policy(
    place: Place,
    packages: str = "@acme/*",
    identity: str = ALICE,
    *,
    required: bool = True,
    root: str = "trust_config.json",
) -> None:
    """Let the user's configuration have a policy."""
    (place.home / "config.yaml").write_text(
        f"registries:\n  default: {place.url}\nsignatures:\n  trust_root: {root}\n  policies:\n"
        f'  - packages: "{packages}"\n    identity: {identity}\n    issuer: {ISSUER}\n    required: {json.dumps(required)}\n'
    )


def publish_signed(
    place: Place, service: SigstoreService, name: str, version: str = "1.0.0", identity: str = ALICE
) -> None:
    """Publish a package that somebody has signed."""
    data = packed(name, version)
    trust = read_trust(str(place.home / "trust_config.json"))
    bundle = sign(publication(about(data, name, version)), service.token(identity), trust)
    place.registry.publish(io.BytesIO(data), signature=bundle)


def done(result: tuple[int, str, str]) -> str:
    code, out, err = result
    assert code == 0, err
    return out


def failed(result: tuple[int, str, str], code: int = 1) -> str:
    assert result[0] == code, result
    return result[2]


# Publishing


@pytest.mark.uaaps("P70", "P71", "P72")
def test_a_folder_is_packed_signed_and_published_with_its_provenance(place: Place, run: Run, trust: Path) -> None:
    source = package(place.root / "review", "@acme/review")
    out = done(run("pkg", "publish", str(source), "--sign", "--trust-config", str(trust)))
    assert out.splitlines()[0] == f"published @acme/review@1.0.0 as latest to {place.url}"
    assert out.splitlines()[2] == f"  signed by {ALICE} ({ISSUER})"
    assert (place.root / "registry/packages/acme--review/versions/1.0.0.aam.sigstore.json").is_file()
    done(run("registry", "verify", place.url))
    policy(place)
    found = json.loads(done(run("pkg", "verify-signature", "@acme/review@1.0.0", "--json")))
    assert found["signer"] == {"identity": ALICE, "issuer": ISSUER}
    assert found["statement"]["predicateType"] == "https://slsa.dev/provenance/v1"
    assert found["statement"]["subject"][0]["name"] == "acme--review-1.0.0.aam"


def test_the_services_are_those_of_the_users_own_file_by_default(
    place: Place, run: Run, service: SigstoreService
) -> None:
    source = package(place.root / "review", "@acme/review")
    told = failed(run("pkg", "publish", str(source), "--sign"), 2)
    assert told == (
        "error: signing needs to know which services sign, and nothing names any\n"
        "  fix: name a client's trust configuration: --trust-config PATH\n"
    )
    policy(place)
    value = json.loads(done(run("pkg", "publish", str(source), "--sign", "--json")))
    assert value["signer"] == {"identity": ALICE, "issuer": ISSUER}


@pytest.mark.uaaps("P74")
def test_a_project_does_not_say_who_gets_the_token(place: Place, run: Run, tmp_path: Path) -> None:
    with sigstore_service() as stranger:
        (place.project / ".aam").mkdir()
        stranger.write(place.project)
        (place.project / ".aam/config.yaml").write_text("signatures:\n  trust_root: trust_config.json\n")
        source = package(tmp_path / "review", "@acme/review")
        assert "nothing names any" in failed(run("pkg", "publish", str(source), "--sign"), 2)
        assert stranger.asked == []


def test_what_the_registry_would_refuse_leaves_nothing_in_a_log(
    place: Place, run: Run, trust: Path, service: SigstoreService
) -> None:
    place.publish("@acme/review")
    source = package(place.root / "review", "@acme/review")
    asked = list(service.asked)
    told = failed(run("pkg", "publish", str(source), "--sign", "--trust-config", str(trust)))
    assert told.startswith("error: @acme/review@1.0.0 is published already, with other bytes\n")
    done(
        run(
            "pkg",
            "publish",
            str(package(place.root / "plain", "plain")),
            "--sign",
            "--trust-config",
            str(trust),
            "--dry-run",
        )
    )
    assert service.asked == asked


def test_the_token_is_read_from_a_file_or_the_standard_input(
    place: Place, run: Run, trust: Path, service: SigstoreService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AAM_IDENTITY_TOKEN")
    (place.root / "token").write_text(service.token("bob@acme.example"))
    archive = place.root / "a.aam"
    archive.write_bytes(packed("@acme/review"))
    signed = ("--sign", "--trust-config", str(trust), "--identity-token")
    assert "signed by bob@acme.example" in done(run("pkg", "publish", str(archive), *signed, str(place.root / "token")))
    archive.write_bytes(packed("@acme/review", "1.1.0"))
    monkeypatch.setattr("sys.stdin", io.StringIO(service.token("carol@acme.example")))
    assert "signed by carol@acme.example" in done(run("pkg", "publish", str(archive), *signed, "-"))
    archive.write_bytes(packed("@acme/review", "1.2.0"))
    assert failed(run("pkg", "publish", str(archive), *signed, "-"), 2) == (
        "error: there is no identity token on the standard input\n  at --identity-token -\n"
    )
    assert failed(run("pkg", "publish", str(archive), "--trust-config", str(trust)), 2) == (
        "error: `--trust-config` says how to sign, and nothing is to be signed\n  fix: add --sign\n"
    )


def test_a_token_stands_in_no_text(place: Place, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = SigstoreService("http://127.0.0.1:9")
    token = nobody.token()
    monkeypatch.setenv("AAM_IDENTITY_TOKEN", token)
    config = nobody.write(tmp_path)[1]
    source = package(tmp_path / "review", "@acme/review")
    told = failed(run("pkg", "publish", str(source), "--sign", "--trust-config", str(config)))
    assert "http://127.0.0.1:9/api/v2/signingCert cannot be reached" in told
    assert token not in told
    assert list(place.registry.names()) == []


# Installing


@pytest.mark.uaaps("P73", "P74")
def test_what_is_signed_by_whom_the_policy_names_is_installed_also_without_the_registry(
    place: Place, run: Run, service: SigstoreService
) -> None:
    policy(place)
    publish_signed(place, service, "@acme/review")
    place.publish("plain")
    done(run("install", "@acme/review", "plain"))
    assert place.versions() == {"@acme/review": "1.0.0", "plain": "1.0.0"}
    assert done(run("verify")).strip() == "2 packages, 4 files, 2 archives, 1 signature: all in order"
    shutil.rmtree(place.root / "registry")
    shutil.rmtree(place.project / ".agent-packages")
    asked = list(service.asked)
    done(run("install", "--frozen"))
    assert place.versions() == {"@acme/review": "1.0.0", "plain": "1.0.0"}
    assert done(run("verify")).strip() == "2 packages, 4 files, 2 archives, 1 signature: all in order"
    assert service.asked == asked


@pytest.mark.uaaps("P74")
def test_all_that_is_not_signed_as_it_has_to_be_is_told_at_once_and_nothing_is_unpacked(
    place: Place, run: Run, service: SigstoreService
) -> None:
    policy(place)
    publish_signed(place, service, "@acme/good")
    publish_signed(place, service, "@acme/stolen", identity=MALLORY)
    place.publish("@acme/unsigned")
    told = failed(run("install", "@acme/good", "@acme/stolen", "@acme/unsigned"))
    where = f"{place.home}/config.yaml:6"
    assert told == (
        f"error: @acme/stolen@1.0.0 is signed by {MALLORY} ({ISSUER}), and not by {ALICE} ({ISSUER})\n"
        f"  at {place.url}\n"
        "  fix: trust it by a policy in config.yaml if that is right, and else tell whoever publishes it\n\n"
        f"error: `@acme/unsigned` 1.0.0 is not signed, and {where} wants {ALICE} ({ISSUER})\n"
        f"  at {place.url}\n"
        "  fix: ask whoever publishes it to sign it: aam pkg publish --sign\n"
    )
    assert place.files() == {}


@pytest.mark.uaaps("P74")
def test_a_lock_and_the_cache_do_not_go_round_a_policy(place: Place, run: Run, service: SigstoreService) -> None:
    publish_signed(place, service, "@acme/review", identity=MALLORY)
    done(run("install", "@acme/review"))
    policy(place)
    told = f"@acme/review@1.0.0 is signed by {MALLORY} ({ISSUER}), and not by {ALICE} ({ISSUER})"
    assert told in failed(run("verify"))
    shutil.rmtree(place.project / ".agent-packages")
    for arguments in (("install",), ("install", "--frozen")):
        assert told in failed(run(*arguments))
        assert not (place.project / ".agent-packages").exists()
    shutil.rmtree(place.root / "registry")
    assert "there is no such folder" in failed(run("install", "--frozen"))


@pytest.mark.uaaps("P74")
def test_a_signature_in_the_cache_is_not_believed(place: Place, run: Run, service: SigstoreService) -> None:
    policy(place)
    publish_signed(place, service, "@acme/review")
    done(run("install", "@acme/review"))
    (kept,) = (place.home / "cache").glob("*.sigstore.json")
    kept.write_bytes(signature(packed("@acme/review")))
    shutil.rmtree(place.project / ".agent-packages")
    done(run("install"))  # the registry has a good one, which is kept
    assert kept.read_bytes() == place.registry.signature(REVIEW, _release(place))
    kept.write_bytes(b"x" * (2 << 20))
    shutil.rmtree(place.root / "registry")
    assert "there is no such folder" in failed(run("install", "--frozen", "--force"))


def _release(place: Place) -> Any:
    known = place.registry.metadata(REVIEW)
    assert known
    return known.releases["1.0.0"]


@pytest.mark.uaaps("P74")
def test_what_should_be_signed_and_is_not_is_a_warning(place: Place, run: Run) -> None:
    policy(place, required=False)
    place.publish("@acme/review")
    code, _, err = run("install", "@acme/review")
    assert code == 0
    assert err.startswith(f"warning: `@acme/review` 1.0.0 is not signed, and {place.home}/config.yaml:6 wants {ALICE}")
    code, out, err = run("verify")
    assert (code, out.strip()) == (0, "1 package, 2 files, 1 archive: all in order")
    assert err.startswith("warning: `@acme/review` 1.0.0 is not signed")


@pytest.mark.uaaps("P74")
def test_a_package_from_a_file_has_its_signature_beside_it(
    place: Place, run: Run, service: SigstoreService, trust: Path
) -> None:
    policy(place)
    data = packed("@acme/review")
    archive = place.project / "review.aam"
    archive.write_bytes(data)
    assert "`@acme/review` 1.0.0 is not signed" in failed(run("install", "./review.aam"))
    beside = place.project / "review.aam.sigstore.json"
    beside.write_bytes(sign(publication(about(data)), service.token(), read_trust(str(trust))))
    done(run("install", "./review.aam"))
    folder = package(place.project / "own", "@acme/own")
    assert "`@acme/own` 1.0.0 is not signed" in failed(run("install", f"./{folder.name}"))


@pytest.mark.uaaps("P74")
def test_a_projects_policies_come_on_top_of_the_users(place: Place, run: Run, service: SigstoreService) -> None:
    policy(place)
    publish_signed(place, service, "@acme/review", identity=MALLORY)
    (place.project / ".aam").mkdir()
    with sigstore_service() as stranger:
        stranger.write(place.project)
        (place.project / ".aam/config.yaml").write_text(
            "signatures:\n  trust_root: trusted_root.json\n  policies:\n"
            f'  - {{packages: "*", identity: "*", issuer: "{ISSUER}", required: false}}\n'
        )
        code, _, err = run("install", "@acme/review")
    assert code == 1
    assert f"is signed by {MALLORY} ({ISSUER}), and not by {ALICE} ({ISSUER})" in err


def test_bundles_are_built_of_what_is_signed(place: Place, run: Run, service: SigstoreService) -> None:
    policy(place)
    place.publish("@acme/style", skills=["style"])
    source = package(place.root / "review", "@acme/review", dependencies={"@acme/style": "*"})
    assert "`@acme/style` 1.0.0 is not signed" in failed(run("pkg", "build", str(source), "--target", "cursor"))
    policy(place, required=False)
    code, _, err = run("pkg", "build", str(source), "--target", "cursor")
    assert code == 0, err
    assert err.startswith("warning: `@acme/style` 1.0.0 is not signed")


def test_a_trust_root_that_is_not_there_stops_what_it_is_for_alone(place: Place, run: Run) -> None:
    policy(place, root="none.json")
    place.publish("plain")
    place.publish("@acme/review")
    done(run("install", "plain"))
    told = failed(run("install", "@acme/review"), 2)
    assert told == (
        "error: the trust root cannot be read: no such file or directory\n"
        f"  at {place.home}/none.json\n"
        "  fix: name a trusted_root.json, or a client's trust configuration, of the Sigstore that you use\n"
    )


# Asking


def test_info_tells_who_has_signed_and_whether_that_was_verified(
    place: Place, run: Run, service: SigstoreService
) -> None:
    publish_signed(place, service, "@acme/review")
    place.publish("plain")
    assert f"signed by: {ALICE} ({ISSUER}), which no policy had verified" in done(run("info", "@acme/review"))
    assert "signed by" not in done(run("info", "plain"))
    assert json.loads(done(run("info", "plain", "--json")))["signature"] is None
    policy(place)
    assert f"signed by: {ALICE} ({ISSUER}), verified" in done(run("info", "@acme/review"))
    policy(place, identity=MALLORY)
    found = json.loads(done(run("info", "@acme/review", "--json")))["signature"]
    assert (found["identity"], found["verified"], len(found["problems"])) == (ALICE, False, 1)
    assert f"refused: @acme/review@1.0.0 is signed by {ALICE}" in done(run("info", "@acme/review"))


def test_a_signature_is_verified_by_hand(place: Place, run: Run, service: SigstoreService, trust: Path) -> None:
    publish_signed(place, service, "@acme/review")
    place.publish("plain")
    root = str(place.home / "trusted_root.json")
    alice = ("--identity", ALICE, "--issuer", ISSUER)
    spec = ("pkg", "verify-signature", "@acme/review@1.0.0")
    assert (
        done(run(*spec, "--trust-root", root, *alice)).splitlines()[0]
        == f"@acme/review@1.0.0 is signed by {ALICE} ({ISSUER})"
    )
    archive = place.root / "x.aam"
    archive.write_bytes(packed("@acme/review"))
    bundle = str(place.root / "registry/packages/acme--review/versions/1.0.0.aam.sigstore.json")
    done(run("pkg", "verify-signature", str(archive), "--bundle", bundle, "--trust-root", root, *alice))
    assert failed(run("pkg", "verify-signature", str(archive), "--trust-root", root, *alice)) == (
        f"error: @acme/review@1.0.0 is not signed\n  at {archive}\n  fix: name its bundle: --bundle FILE\n"
    )
    archive.write_bytes(packed("@acme/review", files={"x": ""}))
    assert "it was made for the SHA-256" in failed(
        run("pkg", "verify-signature", str(archive), "--bundle", bundle, "--trust-root", root, *alice)
    )
    assert "@acme/review@1.0.0 is signed by" in failed(
        run(*spec, "--trust-root", root, "--identity", MALLORY, "--issuer", ISSUER)
    )
    assert failed(run(*spec, "--trust-root", root, "--identity", ALICE), 2) == (
        "error: an identity is one of an issuer, and one of the two is missing\n  fix: write both: --identity WHO --issuer URL\n"
    )
    assert failed(run(*spec, *alice), 2) == (
        "error: nothing says what is believed\n  fix: name a trusted_root.json: --trust-root PATH\n"
    )
    assert failed(run(*spec), 2) == (
        "error: no policy of the configuration is about @acme/review\n"
        "  fix: write who has to have signed: --identity WHO --issuer URL, or a policy in config.yaml\n"
    )
    assert "plain@1.0.0 is not signed" in failed(
        run("pkg", "verify-signature", "plain@1.0.0", "--trust-root", root, *alice)
    )


def test_without_the_library_a_package_that_has_to_be_signed_is_not_installed(
    place: Place, run: Run, service: SigstoreService, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_signed(place, service, "@acme/review")
    policy(place)
    for name in ("sigstore.models", "sigstore.verify", "sigstore.sign"):
        monkeypatch.setitem(sys.modules, name, None)
    told = failed(run("install", "@acme/review"), 2)
    assert told == (
        "error: signatures need the package `sigstore`, which is not installed\n  fix: pip install 'packaging-targets[sign]'\n"
    )


def test_nothing_heavy_is_imported_where_nothing_has_to_be_signed(place: Place) -> None:
    place.publish("plain")
    code = (
        "import sys; from packaging_targets.adapters.cli.aam.program import main; "
        "sys.argv = ['aam', 'install', 'plain']; main(); "
        "print(sorted({'cryptography', 'pydantic', 'requests', 'sigstore'} & set(sys.modules)))"
    )
    ours = {**os.environ, "PYTHONPATH": str(Path(packaging_targets.__file__).parents[1])}
    told = subprocess.run([sys.executable, "-c", code], env=ours, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"
