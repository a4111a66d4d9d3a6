"""Identity tokens, good and bad, and the tokens that they are exchanged for."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from desks import ROOT, desk, told
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from served_registries import Clock

from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.desk.access import Grant
from packaging_targets.registry.aam.desk.oidc.providers import Providers, fetched
from packaging_targets.services.aam.hosting import auditing
from packaging_targets.services.aam.hosting.host import Host
from packaging_targets.services.aam.hosting.people.authenticating import exchange, identity_of_token
from packaging_targets.services.aam.hosting.people.publishers import Trust, create_publisher

ISSUER = "https://issuer.example/a"
KEYS: Mapping[str, Any] = {
    "ec": ECKey.generate_key("P-256", {"kid": "ec"}),
    "rsa": RSAKey.generate_key(2048, {"kid": "rsa"}),
    "ed": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
}
OTHER = ECKey.generate_key("P-256", {"kid": "ec"})


class Provider:
    """An OpenID provider in memory; `asked` are the addresses that were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.time = 0.0
        self.discovery: Any = {"issuer": ISSUER, "jwks_uri": "https://keys.example/jwks"}
        self.keys: Any = {"keys": [key.as_dict(private=False) for key in KEYS.values()]}

    def __call__(self, address: str) -> bytes:
        self.asked.append(address)
        value = self.discovery if address.endswith("/.well-known/openid-configuration") else self.keys
        if isinstance(value, Exception):
            raise value
        return value if isinstance(value, bytes) else json.dumps(value).encode()


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def host(tmp_path: Path, hands: Clock, provider: Provider) -> Iterator[Host]:
    """`repo:acme/*` on `main` publishes `@acme/*`, and who is of `release` yanks too."""
    providers = Providers(provider, lambda: provider.time)
    with desk(tmp_path, hands, providers, audience="https://aam.example") as made:
        create_publisher(made, ROOT, Trust("ci", ISSUER, "repo:acme/*", ("publish",), ("@acme/*",), {"ref": "main"}))
        create_publisher(made, ROOT, Trust("re", ISSUER, "repo:acme/[x]", ("yank",), ("*",), {"job": 1}))
        yield made


def claims(hands: Clock, **changes: Any) -> dict[str, Any]:
    """What an identity token says when all is in order; None takes a claim away."""
    value = {
        "iss": ISSUER, "aud": "https://aam.example", "sub": "repo:acme/review", "ref": "main",
        "iat": hands.now, "nbf": hands.now, "exp": hands.now + 300, "jti": "1", **changes,
    }  # fmt: skip
    return {name: one for name, one in value.items() if one is not None}


def signed(value: dict[str, Any], key: Any = None, alg: str = "ES256", **header: Any) -> str:
    found = key or KEYS["ec"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jwt.encode({"alg": alg, "kid": found.kid, **header}, value, found, algorithms=[alg])


def refused(host: Host, token: str) -> tuple[str, str]:
    with pytest.raises(RefusalError) as error:
        exchange(host, token)
    return error.value.code, "; ".join(one.what for one in error.value.problems)


@pytest.mark.uaaps("S12.6.auth-oidc")
def test_an_identity_token_is_exchanged_for_a_token_that_holds_for_a_short_while(host: Host, hands: Clock) -> None:
    issued = exchange(host, signed(claims(hands, exp=hands.now + 3000)))
    found = identity_of_token(host, issued.secret)
    assert found.person == f"{ISSUER}|repo:acme/review"
    assert found.grants == (Grant(("publish",), ("@acme/*",)),)
    assert found.expires_at == hands.now + 900
    assert told(host)[-1] == (found.person, "token.exchanged", "")
    assert issued.secret[4:] not in repr(auditing.entries(host, ROOT))


def test_a_token_holds_no_longer_than_what_it_was_exchanged_for(host: Host, hands: Clock) -> None:
    assert exchange(host, signed(claims(hands, exp=hands.now + 30))).token.expires_at == hands.now + 90


def test_what_several_trusted_publishers_allow_is_in_one_token(host: Host, hands: Clock) -> None:
    issued = exchange(host, signed(claims(hands, sub="repo:acme/[x]", job=1)))
    assert set(issued.token.grants) == {Grant(("publish",), ("@acme/*",)), Grant(("yank",), ("*",))}


@pytest.mark.parametrize(
    ("name", "alg"), [("ec", "ES256"), ("rsa", "RS256"), ("rsa", "PS256"), ("ed", "Ed25519"), ("ed", "EdDSA")]
)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # and still what most providers that use it say
def test_every_algorithm_with_public_keys_is_taken(host: Host, hands: Clock, name: str, alg: str) -> None:
    assert exchange(host, signed(claims(hands), KEYS[name], alg)).token.person == f"{ISSUER}|repo:acme/review"


WRONG: dict[str, tuple[Callable[[Clock], dict[str, Any]], str]] = {
    "expired": (lambda hands: {"exp": hands.now - 60}, "has expired"),
    "too old": (lambda hands: {"iat": hands.now - 3661}, "was issued more than 60 minutes ago"),
    "from the future": (lambda hands: {"iat": hands.now + 61}, "was issued in the future"),
    "not yet valid": (lambda hands: {"nbf": hands.now + 61}, "does not hold yet"),
    "a broken start": (lambda hands: {"nbf": "now"}, "does not hold yet"),
    "no end": (lambda hands: {"exp": None}, "does not say until when it holds"),
    "an endless end": (lambda hands: {"exp": 1e300}, "does not say until when it holds"),
    "a true end": (lambda hands: {"exp": True}, "does not say until when it holds"),
    "no beginning": (lambda hands: {"iat": None}, "does not say when it was issued"),
    "no audience": (lambda hands: {"aud": None}, "is not meant for this registry"),
    "another audience": (lambda hands: {"aud": ["https://aam.example/", "x"]}, "is not meant for this registry"),
    "no subject": (lambda hands: {"sub": None}, "does not say who it is about"),
    "a numbered subject": (lambda hands: {"sub": 7}, "does not say who it is about"),
    "a broken subject": (
        lambda hands: {"sub": "repo:acme/\0"},
        "is about somebody whose name is too long, or not in one line",
    ),
    "a long subject": (
        lambda hands: {"sub": "repo:acme/" + "x" * 500},
        "is about somebody whose name is too long, or not in one line",
    ),
}


@pytest.mark.parametrize("case", sorted(WRONG))
def test_what_is_wrong_with_an_identity_token_is_told(host: Host, hands: Clock, case: str) -> None:
    changes, what = WRONG[case]
    assert refused(host, signed(claims(hands, **changes(hands)))) == ("UNAUTHORIZED", f"the identity token {what}")


def test_all_that_is_wrong_is_told_at_once(host: Host, hands: Clock) -> None:
    token = signed(claims(hands, exp=hands.now - 60, aud="x"))
    assert refused(host, token)[1] == "the identity token has expired, and is not meant for this registry"


def test_clocks_may_be_off_by_a_minute(host: Host, hands: Clock) -> None:
    for number, changes in enumerate(({"exp": hands.now - 59}, {"iat": hands.now + 60}, {"nbf": hands.now + 60})):
        assert exchange(host, signed(claims(hands, jti=str(number), **changes))).secret


@pytest.mark.parametrize(
    "changes",
    [{"sub": "repo:evil/acme"}, {"sub": "x repo:acme/x"}, {"ref": "dev"}, {"ref": None}, {"ref": ["main"]}],
)
def test_who_is_not_named_by_a_trusted_publisher_is_refused(host: Host, hands: Clock, changes: dict[str, Any]) -> None:
    value = claims(hands, **changes)
    what = f"no trusted publisher is `{value['sub']}`, with the claims that the identity token has"
    assert refused(host, signed(value)) == ("UNAUTHORIZED", what)


@pytest.mark.parametrize("changes", [{"sub": "repo:acme/x", "job": 1}, {"sub": "repo:acme/[x]", "job": True}])
def test_brackets_mean_themselves_and_true_is_not_one(host: Host, hands: Clock, changes: dict[str, Any]) -> None:
    assert exchange(host, signed(claims(hands, **changes))).token.grants == (Grant(("publish",), ("@acme/*",)),)


def test_an_issuer_that_nobody_trusts_is_never_asked(host: Host, hands: Clock, provider: Provider) -> None:
    for issuer in ("https://evil.example", f"{ISSUER}/", ISSUER.upper(), ""):
        found = refused(host, signed(claims(hands, iss=issuer)))
        assert found == ("UNAUTHORIZED", "no trusted publisher has the issuer of the identity token")
    assert refused(host, signed(claims(hands, iss=[ISSUER])))[1] == "the identity token does not say who issued it"
    assert provider.asked == []


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_without_a_signature_is_refused(host: Host, hands: Clock, provider: Provider) -> None:
    for alg in ("none", "None", "nOnE", "", None, ["ES256"]):
        for signature in ("", "x"):
            token = f"{encoded({'alg': alg, 'kid': 'ec'})}.{encoded(claims(hands))}.{signature}"
            code, what = refused(host, token)
            told = what.removeprefix("the identity token is signed by the algorithm `")
            assert (code, told) == ("UNAUTHORIZED", f"{alg}`, which is not taken here")
    assert provider.asked == []


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_a_public_key_is_no_secret_to_sign_with(host: Host, hands: Clock, alg: str) -> None:
    for key in (KEYS["rsa"].as_pem(private=False), json.dumps(KEYS["rsa"].as_dict(private=False)).encode()):
        body = f"{encoded({'alg': alg, 'kid': 'rsa'})}.{encoded(claims(hands))}"
        mac = hmac.digest(key, body.encode(), alg.replace("HS", "sha"))
        token = f"{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        what = f"the identity token is signed by the algorithm `{alg}`, which is not taken here"
        assert refused(host, token) == ("UNAUTHORIZED", what)


def test_a_signature_by_somebody_else_is_refused(host: Host, hands: Clock) -> None:
    what = "the identity token is not signed by its issuer"
    header, _, signature = signed(claims(hands)).split(".")
    changed = encoded(claims(hands, sub="repo:acme/other"))
    wrong_key = signed(claims(hands), KEYS["rsa"], "RS256", kid="ec")
    for token in (signed(claims(hands), OTHER), f"{header}.{changed}.{signature}", f"{header}.{changed}.", wrong_key):
        assert refused(host, token) == ("UNAUTHORIZED", what)


def test_headers_that_name_keys_of_their_own_count_for_nothing(host: Host, hands: Clock) -> None:
    own = signed(claims(hands), OTHER, jwk=OTHER.as_dict(private=False))
    assert refused(host, own)[1] == "the identity token is not signed by its issuer"
    header = {"alg": "ES256", "kid": "ec", "crit": ["b64"], "b64": False}
    token = f"{encoded(header)}.{encoded(claims(hands))}.x"
    assert refused(host, token)[1] == "the identity token has a header that is not understood here"


@pytest.mark.parametrize(
    "token", ["", "a", "a.b", "a.b.c", "a.b.c.d.e", "é.b.c", "e30.W10.x", "x" * 20_000, "." * 2, "W10.e30.x"]
)
def test_what_is_no_token_is_refused(host: Host, token: str) -> None:
    code, what = refused(host, token)
    assert code == "UNAUTHORIZED"
    assert what.startswith("the identity token is ")


def test_an_identity_token_is_exchanged_once(host: Host, hands: Clock) -> None:
    token = signed(claims(hands))
    exchange(host, token)
    assert refused(host, token) == ("UNAUTHORIZED", "the identity token has been exchanged already")
    header, payload, signature = token.split(".")
    assert refused(host, f"{header}.{payload}.{signature}=")[0] == "UNAUTHORIZED"
    assert exchange(host, signed(claims(hands, jti="2"))).secret


def test_a_failed_exchange_is_in_the_log_without_the_token(host: Host, hands: Clock) -> None:
    token = signed(claims(hands, exp=hands.now - 60))
    refused(host, token)
    last = auditing.entries(host, ROOT).entries[0].event
    assert (last.actor, last.action) == ("", "sign-in.failed")
    assert last.details == {"way": "identity token", "reason": "the identity token has expired"}


def test_without_an_audience_nothing_is_exchanged(tmp_path: Path, hands: Clock, provider: Provider) -> None:
    with desk(tmp_path, hands, Providers(provider)) as host:
        create_publisher(host, ROOT, Trust("", ISSUER, "*", ("publish",), ("*",), {"ref": "main"}))
        assert (
            refused(host, signed(claims(hands, aud="")))[1]
            == "this registry takes no identity tokens: it has no audience"
        )


# Keys


def test_keys_are_kept_and_looked_for_anew_when_one_is_not_known(host: Host, hands: Clock, provider: Provider) -> None:
    for number in range(3):
        exchange(host, signed(claims(hands, jti=str(number))))
    assert provider.asked == [f"{ISSUER}/.well-known/openid-configuration", "https://keys.example/jwks"]
    new = ECKey.generate_key("P-256", {"kid": "new"})
    unknown = "the identity token is signed by a key that its issuer does not have"
    for _ in range(5):  # whoever sends unknown names of keys makes us ask twice a minute at most
        assert refused(host, signed(claims(hands), new)) == ("UNAUTHORIZED", unknown)
    assert len(provider.asked) == 2
    provider.time += 31
    assert refused(host, signed(claims(hands), new)) == ("UNAUTHORIZED", unknown)
    assert len(provider.asked) == 4
    provider.keys = {"keys": [new.as_dict(private=False)]}
    provider.time += 31
    assert exchange(host, signed(claims(hands, jti="9"), new)).secret
    provider.time += 31
    assert refused(host, signed(claims(hands))) == ("UNAUTHORIZED", unknown)


def test_keys_are_asked_for_again_after_an_hour(host: Host, hands: Clock, provider: Provider) -> None:
    exchange(host, signed(claims(hands)))
    provider.time += 3600
    provider.keys = {"keys": [OTHER.as_dict(private=False)]}
    assert refused(host, signed(claims(hands, jti="2")))[1] == "the identity token is not signed by its issuer"


def test_a_token_that_names_no_key_is_by_the_only_one(host: Host, hands: Clock, provider: Provider) -> None:
    token = jwt.encode({"alg": "ES256"}, claims(hands), KEYS["ec"])
    assert refused(host, token)[0] == "UNAUTHORIZED"
    provider.keys = {"keys": [KEYS["ec"].as_dict(private=False)]}
    provider.time += 31
    assert exchange(host, token).secret


def test_weak_secret_and_broken_keys_are_not_taken(host: Host, hands: Clock, provider: Provider) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
    shared = OctKey.import_key("x" * 64, {"kid": "shared"})
    sealed = {**KEYS["ec"].as_dict(private=False), "kid": "enc", "use": "enc"}
    private = {**KEYS["ec"].as_dict(private=True), "kid": "private"}
    broken = [None, 1, {}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256", "x": "!", "y": 3}, {"kty": "new"}]
    provider.keys = {"keys": [weak.as_dict(private=False), shared.as_dict(), sealed, private, *broken]}
    unknown = "the identity token is signed by a key that its issuer does not have"
    assert refused(host, signed(claims(hands), weak, "RS256")) == ("UNAUTHORIZED", unknown)
    for kid in ("enc", "private", "shared"):
        assert refused(host, signed(claims(hands), kid=kid)) == ("UNAUTHORIZED", unknown)


@pytest.mark.parametrize(
    ("discovery", "keys", "what"),
    [
        (OSError("no route"), {}, "cannot be asked for its keys"),
        (b"{", {}, "answers with what is not JSON, or too long"),
        (b"[" * 100_000, {}, "answers with what is not JSON, or too long"),
        (b" " * (1 << 20) + b"{}", {}, "answers with what is not JSON, or too long"),
        ({"issuer": "https://evil.example"}, {}, "says that it is another one"),
        ({"issuer": ISSUER}, {}, "has no `jwks_uri` that begins with https://"),
        ({"issuer": ISSUER, "jwks_uri": "http://keys.example"}, {}, "has no `jwks_uri` that begins with https://"),
        ({"issuer": ISSUER, "jwks_uri": "http://127.0.0.1/x"}, {}, "has no `jwks_uri` that begins with https://"),
        ({"issuer": ISSUER, "jwks_uri": "https://localhost/x"}, {}, "has no `jwks_uri` that begins with https://"),
        ({"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"}, {}, "has no `jwks_uri` that begins with https://"),
        ({"issuer": ISSUER, "jwks_uri": "https://["}, {}, "has no `jwks_uri` that begins with https://"),
        ({"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"}, {"keys": 1}, "has no list of keys"),
    ],
)
def test_a_provider_that_does_not_answer_as_it_has_to_is_told_of(
    host: Host, hands: Clock, provider: Provider, discovery: Any, keys: Any, what: str
) -> None:
    provider.discovery, provider.keys = discovery, keys
    told = f"the identity provider {ISSUER} {what}"
    assert refused(host, signed(claims(hands))) == ("REGISTRY_UNAVAILABLE", told)
    asked = len(provider.asked)
    again = f"the identity provider {ISSUER} could not be asked for its keys a moment ago"
    assert refused(host, signed(claims(hands))) == ("REGISTRY_UNAVAILABLE", again)
    assert len(provider.asked) == asked


# The network


class Answers(BaseHTTPRequestHandler):
    """Answers by path: `/big` is too long, `/away` leads elsewhere, `/bad` is no HTTP."""

    def do_GET(self) -> None:
        if self.path == "/bad":
            self.wfile.write(b"what?\r\n")
            return
        self.send_response({"/away": 302, "/none": 404}.get(self.path, 200))
        self.send_header("Location", "/")
        self.end_headers()
        try:
            self.wfile.write(b"x" * (3 << 20) if self.path == "/big" else b"{}")
        except OSError:
            return

    def log_message(self, *_: Any) -> None:
        return


def test_bodies_are_fetched_under_a_limit_and_no_redirect_is_followed() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        providers = Providers()
        try:
            assert fetched(f"{url}/") == b"{}"
            assert (1 << 20) < len(fetched(f"{url}/big")) < (1 << 20) + (1 << 15)
            for path in ("away", "none", "bad"):
                with pytest.raises(RefusalError, match="cannot be asked for its keys"):
                    providers._document("X", f"{url}/{path}")
        finally:
            server.shutdown()
            thread.join()
