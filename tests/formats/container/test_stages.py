from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.container.stages import Stage, stages


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
    assert stages(text) == [
        Stage(4, "golang", fills=True),
        Stage(11, "python:3.13@sha256:00", fills=False),
        Stage(12, "", fills=False),
        Stage(13, "localhost:5000/app", fills=False),
        Stage(14, "x:${TAG}", fills=False),
        Stage(15, "alpine", fills=False),
        Stage(16, "scratch", fills=False),
    ]
    assert [stage.is_pinned for stage in stages(text)] == [False, True, False, False, True, False, False]


def test_another_escape_character() -> None:
    assert stages("# escape=`\nFROM `\n  a:1\nRUN dir c:\\\nFROM b:2\n") == [
        Stage(2, "a:1", fills=True),
        Stage(5, "b:2", fills=False),
    ]


@pytest.mark.parametrize("text", ["", "\n#\n", "FROM", "FROM a b", "\\", "FROM \\"])
def test_what_has_no_stage(text: str) -> None:
    assert stages(text) == []


@given(st.text(st.sampled_from("FROM RUNCOPY<>\"'\\\n#$={}aA-_:/@ "), max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    assert all(1 <= stage.line <= text.count("\n") + 1 for stage in stages(text))
