from __future__ import annotations

import http.server
import io
import json
import os
import re
import shlex
import subprocess
import tarfile
import threading
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import BuildError
from packaging_targets.formats.container.dockerfile import (
    Standing,
    exec_form,
    ignore_text,
    mark,
    quoted,
    render,
    standing,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = "# syntax=docker/dockerfile:1\n# escape=\\\n\nFROM scratch\n"
LINES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20)
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8).filter(
    lambda name: name not in {".", ".."}
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def test_the_marker_stands_below_the_parser_directives() -> None:
    assert mark(TEXT, "//services/api:api") == (
        "# syntax=docker/dockerfile:1\n"
        "# escape=\\\n"
        "# Rendered by packaging-targets from //services/api:api: "
        "edit the target or its template, not this file.\n"
        "# packaging-targets: sha256:df7b0194f3c5fd93b41e8c8f78003af178e5fe8d36f6ac5e3542fa65893aa673\n"
        "\n"
        "FROM scratch\n"
    )


@given(st.lists(LINES, min_size=1).map("\n".join))
def test_a_marked_text_is_told_from_every_other(text: str) -> None:
    marked = mark(text, "//:x").encode()
    assert standing(marked) is Standing.RENDERED
    assert standing(marked.replace(b"\n", b"\r\n")) is Standing.RENDERED
    assert standing(marked + b"\n") is Standing.CHANGED
    assert standing(marked[:-1] + b" \n") is Standing.CHANGED
    assert standing(text.encode()) is Standing.FOREIGN


@pytest.mark.parametrize("data", [b"", b"FROM scratch\n", b"\xff\xfe", b"# packaging-targets: sha256:12\n"])
def test_bytes_without_a_marker_are_a_persons(data: bytes) -> None:
    assert standing(data) is Standing.FOREIGN


def test_a_text_with_two_markers_was_changed() -> None:
    once = mark(TEXT, "//:x")
    marker = next(line for line in once.splitlines() if "sha256" in line)
    assert standing(f"{once}{marker}\n".encode()) is Standing.CHANGED


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))
def test_a_quoted_value_is_one_word_that_means_itself(value: str) -> None:
    text = quoted(value)
    assert "\n" not in text
    assert re.sub(r'\\(["$\\])', r"\1", text[1:-1]) == value
    assert not re.search(r'(?<!\\)(?:\\\\)*["$]', text[1:-1])
    assert shlex.split(text.replace("\\$", "$")) == [value]


@pytest.mark.parametrize("value", ["a\nUSER root", "a\r\nRUN x", "\0", "\x1b[31m", "\x7f"])
def test_a_quoted_value_never_ends_its_instruction(value: str) -> None:
    with pytest.raises(ValueError, match=r"^a Dockerfile cannot hold the control character"):
        quoted(value)


@given(st.lists(st.text(st.characters(codec="utf-8"))))
def test_the_exec_form_is_one_line_of_json(words: list[str]) -> None:
    text = exec_form(words)
    assert json.loads(text) == words
    assert "\n" not in text
    assert "\r" not in text


def test_a_template_sees_variables_filters_and_its_neighbours() -> None:
    templates = {
        "@service/go.j2": '{% include "end.j2" %}\nENV A={{ env.A | quoted }}\n',
        "end.j2": "CMD {{ words | exec_form }}\n",
    }
    text = render("@service/go.j2", templates, {"env": {"A": "$x"}, "words": ["a b", '"']})
    assert text == 'CMD ["a b", "\\""]\nENV A="\\$x"\n'


UNSAFE = "access to attribute '__class__' of 'list' object is unsafe."
RANGE = "Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000)."
CONTROL = "a Dockerfile cannot hold the control character '\\n' in a value"


@pytest.mark.parametrize(
    ("template", "where", "what"),
    [
        ("FROM x\n{{ nme }}\n", "x.j2:2", "'nme' is undefined"),
        ("FROM x\n\n{% if %}\n", "x.j2:3", "Expected an expression, got 'end of statement block'"),
        ('\n{% include "y.j2" %}\n', "x.j2:2", "there is no template `y.j2`"),
        ('\n{% include "part.j2" %}\n', "part.j2:2", "'nme' is undefined"),
        ("{{ 1 + 'a' }}", "x.j2:1", "unsupported operand type(s) for +: 'int' and 'str'"),
        ("{{ [].__class__.__base__ }}", "x.j2:1", UNSAFE),
        ("{% for i in range(10**9) %}{% endfor %}", "x.j2:1", RANGE),
        ("{{ 'a\\nb' | quoted }}", "x.j2:1", CONTROL),
    ],
)
def test_a_template_that_fails_names_its_line(template: str, where: str, what: str) -> None:
    with pytest.raises(BuildError) as caught:
        render("x.j2", {"x.j2": template, "part.j2": "\n{{ nme }}"}, {})
    assert str(caught.value) == (
        f"error: the Dockerfile's template cannot be rendered: {what}\n"
        f"  at {where}\n"
        "  fix: docs/containers.md lists what a template may use"
    )


def test_only_the_kept_paths_pass() -> None:
    assert ignore_text(["b/c d.txt", "a.py", "b/x[1].py", "app/[id]/page.tsx"]) == (
        "*\n!app/\\[id\\]\napp/\\[id\\]/*\n!a.py\n!app/\\[id\\]/page.tsx\n!b/c d.txt\n!b/x\\[1\\].py\n"
    )


@given(st.sets(PATHS, max_size=5), PATHS)
def test_the_patterns_match_what_they_name(keep: set[str], other: str) -> None:
    ignored = _docker_matcher(ignore_text(keep))
    assert not [path for path in keep if ignored(path)]
    exact = not re.search(r"[\x00-\x1f\x7f]|(?:^|/)\s|\s(?:/|$)", " ".join(keep))
    if exact and other not in keep:
        inside = any(other.startswith(f"{path}/") for path in keep)  # below a file nothing can be
        assert inside or ignored(other) or any(path.startswith(f"{other}/") for path in keep)


def _docker_matcher(text: str) -> Callable[[str], bool]:
    """Docker's rules, in short: the last pattern that matches a path or one of its folders decides."""
    rules = []
    for line in text.split("\n"):
        pattern = line.strip()
        if pattern:
            rules.append((not pattern.startswith("!"), re.compile(_docker_regex(pattern.removeprefix("!").strip()))))

    def ignored(path: str) -> bool:
        parts = path.split("/")
        tops = ["/".join(parts[:size]) for size in range(1, len(parts) + 1)]
        verdict = False
        for excludes, regex in rules:
            if any(regex.fullmatch(top) for top in tops):
                verdict = excludes
        return verdict

    return ignored


def _docker_regex(pattern: str) -> str:
    text, at = "", 0
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 1
            text += re.escape(pattern[at])
        else:
            text += {"*": "[^/]*", "?": "[^/]"}.get(pattern[at], re.escape(pattern[at]))
        at += 1
    return text


KEPT = (
    *("services/api/main.py", "services/api/.hidden", "services/api/ü.py", "services/api/x y/z.py"),
    *(
        "app/[id]/(group)/a+b{c}|d^e$.py",
        "q/we*ird?.txt",
        "q/back\\slash",
        " lead",
        "trail ",
        "!bang",
        "#hash",
    ),
    *("x[1]/y/z", "a+b/c", "s /(a)/b c/d.e", "new\nline/f", "tab\tin", "a$b", "a.b.c/d.e", "a$[b]"),
)
DROPPED = (
    *("services/api/.env", "services/api/main.pyc", "services/other/main.py", "root.txt", "app/[id]/page.py"),
    *(
        "app/i/(group)/a+b{c}|d^e$.py",
        "q/weXirdX.txt",
        "x[1]/y/w",
        "x[1]/w",
        "x[1]/yy/z",
        "aab/c",
        "aXbXc/dXe",
    ),
)


@pytest.mark.service
def test_docker_itself_sends_what_is_kept_and_nothing_else(tmp_path: Path) -> None:
    for path in (*KEPT, *DROPPED):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (tmp_path / ".dockerignore").write_text(mark(ignore_text(KEPT), "//:x"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Daemon) as daemon:
        threading.Thread(target=daemon.serve_forever, daemon=True).start()
        place = {"DOCKER_BUILDKIT": "0", "DOCKER_HOST": f"tcp://127.0.0.1:{daemon.server_port}"}
        subprocess.run(
            ["docker", "build", "-q", "."],
            cwd=tmp_path,
            env=os.environ | place,
            check=True,
            capture_output=True,
        )
        daemon.shutdown()
    assert sorted(_Daemon.received) == sorted([*KEPT, "Dockerfile", ".dockerignore"])


class _Daemon(http.server.BaseHTTPRequestHandler):
    """As much of a docker daemon as shows which files a build is given."""

    protocol_version = "HTTP/1.1"
    received: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_GET(self) -> None:
        self._answer(b"{}")

    def do_POST(self) -> None:
        body = io.BytesIO()
        while size := int(self.rfile.readline(), 16):
            body.write(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        body.seek(0)
        with tarfile.open(fileobj=body) as tar:
            _Daemon.received = [member.name for member in tar if member.isfile()]
        self._answer(b'{"stream":"ok"}\n')

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        for name, value in (("Api-Version", "1.41"), ("OSType", "linux"), ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass
