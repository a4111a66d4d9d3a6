from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.container.outline import Stage, outline


def test_stages_and_what_they_begin_with() -> None:
    text = """\
# syntax=docker/dockerfile:1
ARG BASE=python:3.13
ARG TAG
FROM --platform=$BUILDPLATFORM golang AS build
COPY <<"EOF" main.go
FROM nothing
EOF
RUN go \\
# a comment inside
    FROM x
from ${BASE}@sha256:00 AS Final
FROM build
FROM localhost:5000/app
FROM x:${TAG}
FROM ${OTHER:-alpine}
FROM scratch
"""
    assert list(outline(text).stages) == [
        Stage(4, "golang", fills=True),
        Stage(11, "python:3.13@sha256:00", fills=False),
        Stage(12, "", fills=False),
        Stage(13, "localhost:5000/app", fills=False),
        Stage(14, "x:${TAG}", fills=False),
        Stage(15, "alpine", fills=False),
        Stage(16, "scratch", fills=False),
    ]
    assert [stage.is_pinned for stage in outline(text).stages] == [False, True, False, False, True, False, False]


def test_another_escape_character() -> None:
    text = "# escape=`\nFROM `\n  a:1\nRUN dir c:\\\nFROM b:2\n"
    assert outline(text).stages == (Stage(2, "a:1", fills=True), Stage(5, "b:2", fills=False))


@pytest.mark.parametrize("text", ["", "\n#\n", "FROM", "FROM a b", "\\", "FROM \\"])
def test_what_has_no_stage(text: str) -> None:
    assert outline(text).stages == ()


@given(st.text(st.sampled_from("FROM RUNCOPY<>\"'\\\n#$={}aA-_:/@ "), max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    assert all(1 <= stage.line <= text.count("\n") + 1 for stage in outline(text).stages)
    assert all(1 <= line <= text.count("\n") + 1 for line, _ in outline(text).copied)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('ARG A\nARG B=1 C D="x E=2"\nFROM x:1\narg F\n', "ABCDF"),
        ("FROM x:1\n# ARG A\nRUN <<EOF\nARG B\nEOF\nRUN echo ARG C\nENV ARG=D\n", ""),
        ("FROM x:1\nARG \\\n  A \\\n  B\n", "AB"),
    ],
)
def test_arguments(text: str, names: str) -> None:
    assert outline(text).arguments == frozenset(names)


@pytest.mark.parametrize(
    ("instruction", "paths"),
    [
        ("COPY a b/ /x/", ["a", "b/"]),
        ("ADD --chown=1:1 --link /a ./", ["/a"]),
        ('COPY ["a b", "c", "./"]', ["a b", "c"]),
        ("COPY --chmod=755 \\\n  a \\\n  b ./", ["a", "b"]),
        ("COPY --from=build /a /b", []),
        ("COPY a*.txt [ab] $NAME b\\ c ./", []),
        ("ADD https://example.org/a git@example.org:a/b.git ./", []),
        ("COPY <<EOF /a\nCOPY b c\nEOF", []),
        ("COPY [a, ./", []),
        ("COPY", []),
        ("RUN cp a b", []),
    ],
)
def test_what_is_copied_from_the_context(instruction: str, paths: list[str]) -> None:
    assert outline(f"FROM x:1\n\n{instruction}\n").copied == tuple((3, path) for path in paths)


def test_a_health_check() -> None:
    assert outline("FROM x:1\nhealthcheck NONE\n").checks_health
    assert not outline("FROM x:1\n# HEALTHCHECK NONE\nRUN echo HEALTHCHECK\n").checks_health
