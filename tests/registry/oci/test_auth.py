"""What registries ask for, as they write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.registry.oci.auth import parse_challenges


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Basic", [("basic", {})]),
        ('Basic realm="a b"', [("basic", {"realm": "a b"})]),
        (
            'Bearer realm="https://auth.example/token",service="r",scope="repository:a/b:pull,push"',
            [("bearer", {"realm": "https://auth.example/token", "service": "r", "scope": "repository:a/b:pull,push"})],
        ),
        ('BEARER  Realm = "x" , service=y', [("bearer", {"realm": "x", "service": "y"})]),
        ('Bearer realm="x", Basic realm="y"', [("bearer", {"realm": "x"}), ("basic", {"realm": "y"})]),
        ("Negotiate, NTLM", [("negotiate", {}), ("ntlm", {})]),
        (r'Basic realm="a\"b\\c"', [("basic", {"realm": 'a"b\\c'})]),
        ('Bearer realm="never ends', [("bearer", {})]),
    ],
)
def test_challenges(text: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert [(one.scheme, dict(one.parameters)) for one in parse_challenges(text)] == expected


@given(st.text(alphabet='Bearer ="\\,x:/', max_size=200))
def test_whatever_comes_is_read_without_an_error(text: str) -> None:
    for challenge in parse_challenges(text):
        assert challenge.scheme == challenge.scheme.lower()


def test_a_hostile_header_takes_no_time() -> None:
    for text in ("," * 60_000, "a=" * 30_000, 'Bearer a="' + "\\" * 60_000, " " * 60_000, "Bearer " + "a " * 30_000):
        parse_challenges(text)
