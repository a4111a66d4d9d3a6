"""Texts of problems: what they never hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.adapters.testing import Workspace
from packaging_targets.errors import without_secret

USERS = st.text("abXY09-_.~+=$%!", min_size=1)
PASSWORDS = st.text("abXY09-_.~+=$%!:@", min_size=1).filter(lambda text: text[0] != "@")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ana:hidden@ghcr.io", "***@ghcr.io"),
        ("`https://hidden@ghcr.io/x` and more", "`https://***@ghcr.io/x` and more"),
        ("`a/https:/ana:hidden@ghcr.io/x:1`", "`a/https:/***@ghcr.io/x:1`"),
        ("https://ana:hid/den@ghcr.io", "https://***@ghcr.io"),
        ("ana:hidden@ghcr.io/x@sha256:11", "***@ghcr.io/x@sha256:11"),
        ("ghcr.io/x:1.2@sha256:11", "ghcr.io/x:1.2@sha256:11"),
        ("https://localhost:5000/@acme/x", "https://localhost:5000/@acme/x"),
        ("npm:@acme/x@1 ana@example.org", "npm:@acme/x@1 ana@example.org"),
    ],
)
def test_an_address_loses_what_stands_before_its_host(text: str, told: str) -> None:
    assert without_secret(text) == told


@given(USERS, PASSWORDS, st.sampled_from(["", "https://", "http:/"]))
def test_no_password_is_told(user: str, password: str, scheme: str) -> None:
    assert without_secret(f"`{scheme}{user}:{password}@ghcr.io`") == f"`{scheme}***@ghcr.io`"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            '[[oci_image]]\nname = "x"\npublish = {{ registry = "{}", repository = "r" }}\n',
            "`publish.registry` must be the host of a registry, such as ghcr.io or localhost:5000, but is "
            '"***@ghcr.io/x:1"\n  at a/TARGETS.toml:3  (//a:x, $.publish.registry)\n',
        ),
        (
            '[[oci_image]]\nname = "x"\nbase = "{}"\n',
            "there is no `a/***@ghcr.io/x:1`\n  at a/TARGETS.toml:3  (//a:x, $.base)\n"
            "  fix: name the folder of an OCI layout, a .tar of one, :target, or an image in a registry by its digest\n",
        ),
    ],
)
def test_a_password_in_a_target_file_is_not_told(ws: Workspace, entry: str, told: str) -> None:
    ws.write({"a/TARGETS.toml": entry.format("ana:hidden@ghcr.io/x:1")})
    assert ws.packaging("build").output == f"error: {told}"
