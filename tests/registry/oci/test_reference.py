"""Names of registries and repositories."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import RequestError
from packaging_targets.registry.http.addresses import is_loopback, joined, number, origin_of
from packaging_targets.registry.oci.reference import Reference, Registry, Repository, is_tag, parse_digest


@pytest.mark.parametrize(
    ("text", "insecure", "origin"),
    [
        ("ghcr.io", False, "https://ghcr.io"),
        ("GHCR.io/", False, "https://ghcr.io"),
        ("docker.io", False, "https://registry-1.docker.io"),
        ("registry.example.org:5000", False, "https://registry.example.org:5000"),
        ("registry.example.org:5000", True, "http://registry.example.org:5000"),
        ("http://registry.example.org", True, "http://registry.example.org"),
        ("localhost:5000", False, "http://localhost:5000"),
        ("127.0.0.1", False, "http://127.0.0.1"),
        ("[::1]:5000", False, "http://[::1]:5000"),
        ("https://localhost:5000", False, "https://localhost:5000"),
        ("https://localhost:5000", True, "https://localhost:5000"),
    ],
)
def test_tls_is_left_out_only_where_that_is_meant(text: str, insecure: bool, origin: str) -> None:
    assert Registry.parse(text, insecure=insecure).origin == origin


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "ghcr.io/acme/features",
            "error: `ghcr.io/acme/features` is no registry\n  fix: write `ghcr.io`, with `acme/features` as the namespace",
        ),
        ("", "error: `` is no registry\n  fix: write a host, as in `ghcr.io` or `localhost:5000`"),
        (
            "ana:secret@ghcr.io",
            "error: `***@ghcr.io` is no registry\n  fix: write a host, as in `ghcr.io` or `localhost:5000`",
        ),
        (
            "ghcr.io:99999",
            "error: `ghcr.io:99999` is no registry\n  fix: write a host, as in `ghcr.io` or `localhost:5000`",
        ),
        (
            "ftp://ghcr.io",
            "error: `ftp://ghcr.io` is no registry\n  fix: write a host, as in `ghcr.io` or `localhost:5000`",
        ),
        (
            "http://ghcr.io",
            "error: `http://ghcr.io` would be spoken to without TLS\n"
            "  fix: write `https://`, or ask for it with `--insecure` where credentials may travel in the open",
        ),
    ],
)
def test_what_is_no_registry(text: str, told: str) -> None:
    with pytest.raises(RequestError) as caught:
        Registry.parse(text)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("Acme/Features", "write `acme/features`"),
        ("acme//features/", "write `acme/features`"),
        ("acme/my feature!", "write `acme/my-feature`"),
        ("../../etc", "write `etc`"),
        ("a" * 300, "use at most 255 letters"),
    ],
)
def test_what_is_no_repository(path: str, told: str) -> None:
    with pytest.raises(RequestError) as caught:
        Repository.of(Registry("ghcr.io"), path)
    what = "is no repository: it takes lower-case letters and digits, and `.`, `_`, `-` between them"
    assert str(caught.value) == f"error: `{path}` {what}\n  fix: {told}"


def test_names_of_a_repository() -> None:
    repository = Repository.of(Registry("localhost:5000", plain=True), "acme/a_b.c--d__e/color")
    assert str(repository) == "localhost:5000/acme/a_b.c--d__e/color"
    assert repository.url("tags/list") == "http://localhost:5000/v2/acme/a_b.c--d__e/color/tags/list"


def test_tags_digests_and_origins() -> None:
    assert [text for text in ("1.2", "latest", "_x", "a+b", ".x", "", "x" * 129, "ä") if is_tag(text)] == [
        "1.2",
        "latest",
        "_x",
    ]
    assert parse_digest("sha256:" + "0a" * 32) is not None
    assert parse_digest("sha256:" + "0A" * 32) is None
    assert parse_digest("sha512:" + "0a" * 64) is None
    assert origin_of("https://a.b/x") == origin_of("https://A.b:443/y")
    assert origin_of("http://a.b/x") != origin_of("https://a.b/x")


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "x.localhost", "127.9.9.9:80", "[::1]:80", "::1"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["localhost.example.org", "128.0.0.1", "notlocalhost", "0.0.0.0", "[::2]:80", "127.0.0.1.nip.io"]
)
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@given(st.text(max_size=60))
def test_no_name_leads_elsewhere(text: str) -> None:
    try:
        registry = Registry.parse(text)
    except RequestError:
        return
    assert origin_of(registry.origin)[1]
    assert not {"/", "?", "#", "@", " ", "\\"} & set(registry.host)


@given(st.text(max_size=60))
def test_no_path_leaves_its_place(text: str) -> None:
    try:
        repository = Repository.of(Registry("ghcr.io"), text)
    except RequestError:
        return
    assert repository.url("tags/list") == f"https://ghcr.io/v2/{text}/tags/list"
    assert not {"?", "#", "%", " ", "\\"} & set(text)
    assert ".." not in text


@given(st.text(alphabet=st.sampled_from(list("htp:/[]@.%?#\\\t 09aé")) | st.characters()))
def test_whatever_a_server_writes_is_an_address_or_none(text: str) -> None:
    url = joined("https://ghcr.io/v2/a/b", text)
    assert url is None or origin_of(url)[0] in {"http", "https"}


@pytest.mark.parametrize(
    ("text", "meant"),
    [("0", 0), ("007", 7), ("9" * 15, 10**15 - 1), ("9" * 16, None), ("9" * 5000, None), ("", None), ("-1", None)],
)
def test_numbers_are_those_that_can_be_meant(text: str, meant: int | None) -> None:
    assert number(text) == meant
    assert number(f"{text}x") is number(f"{text}٣") is None


SHA = "sha256:5555555555555555555555555555555555555555555555555555555555555555"


@pytest.mark.parametrize(
    ("text", "origin", "path", "wanted"),
    [
        ("ghcr.io/acme/api", "https://ghcr.io", "acme/api", "latest"),
        ("ghcr.io/acme/api:1.2", "https://ghcr.io", "acme/api", "1.2"),
        (f"ghcr.io/acme/api@{SHA}", "https://ghcr.io", "acme/api", SHA),
        (f"ghcr.io/acme/api:1.2@{SHA}", "https://ghcr.io", "acme/api", SHA),
        ("localhost:5000/api:1", "http://localhost:5000", "api", "1"),
        ("docker.io/python:3.13", "https://registry-1.docker.io", "library/python", "3.13"),
        ("docker.io/acme/api", "https://registry-1.docker.io", "acme/api", "latest"),
    ],
)
def test_images(text: str, origin: str, path: str, wanted: str) -> None:
    reference = Reference.parse(text)
    assert (reference.repository.registry.origin, reference.repository.path) == (origin, path)
    assert reference.wanted == wanted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("python:3", "`python:3` names no registry\n  fix: write one before it, as in `docker.io/library/python:3`"),
        ("acme/api", "`acme/api` names no registry\n  fix: write one before it, as in `docker.io/acme/api`"),
        ("ghcr.io/a@sha256:5", "`sha256:5` is no digest\n  fix: write `sha256:` and its 64 hexadecimal digits"),
        ("ghcr.io/a:", "`` is no tag\n  fix: use letters, digits, `_`, `.` and `-`, at most 128"),
        ("ghcr.io/a:b:c", "`b:c` is no tag\n  fix: use letters, digits, `_`, `.` and `-`, at most 128"),
    ],
)
def test_what_is_no_image(text: str, told: str) -> None:
    with pytest.raises(RequestError) as caught:
        Reference.parse(text)
    assert str(caught.value) == f"error: {told}"


@given(st.text(alphabet=st.sampled_from(list("abz09.:/@-_é ?#%")), max_size=40).map(lambda text: f"ghcr.io/{text}"))
def test_no_image_leads_elsewhere(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except RequestError:
        return
    assert reference.repository.registry == Registry("ghcr.io")
    assert Reference.parse(str(reference)) == reference
