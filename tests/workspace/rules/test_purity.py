"""What a rule may import and call: told before the rule is loaded, all of it at once, with the line."""

from __future__ import annotations

import ast
import importlib
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import packaging_targets
from packaging_targets.adapters.testing import Workspace
from packaging_targets.workspace.rules.purity import PARTLY, PURE, Place, examine, pure_list

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"rule.py", "_ignore.py", "sub/words.py", "sub/__init__.py"}
BESIDE = {"r": FILES, "other": {"rule.py", "_texts.py"}}
ASK = "ask the context (context.read, context.sources, …)"
OFFER = (
    f"{ASK}; a rule imports public names of packaging_targets, files of its own folder, "
    f"and of the standard library what is pure: {pure_list()}"
)
PUBLIC = f"its public names: {', '.join(packaging_targets.__all__)}"
MORE = "which sees more than its targets declare"
POSIXPATH = f"write posixpath: pure of it are {', '.join(PARTLY['posixpath'])}; {ASK}"
PURE_PATHS = f"{ASK}; pure are PurePath, PurePosixPath, PureWindowsPath"
EPOCH = "write datetime.fromtimestamp(context.source_date_epoch, timezone.utc)"


def found(text: str, relative: str = "rule.py") -> list[tuple[str, str]]:
    place = Place("r", relative, f"rules/r/{relative}", lambda rule: BESIDE.get(rule, ()))
    problems = examine(text.encode(), place).problems
    assert all(problem.where.startswith(f"rules/r/{relative}:") for problem in problems)
    return [(problem.what.removeprefix("the rule `r` "), problem.fix) for problem in problems]


REFUSED = {
    "import os": (f"imports `os`, {MORE}", OFFER),
    "import os.path as p": (f"imports `os.path`, {MORE}", POSIXPATH),
    "from os.path import join": (f"imports `os.path`, {MORE}", POSIXPATH),
    "from os import path": (f"imports `os.path`, {MORE}", POSIXPATH),
    "from os import path, getcwd": (f"imports `os`, {MORE}", OFFER),
    "def f():\n    import subprocess": (f"imports `subprocess`, {MORE}", OFFER),
    "try:\n    import time\nexcept ImportError:\n    pass": (f"imports `time`, {MORE}", OFFER),
    "try:\n    pass\nexcept ImportError:\n    import random": (f"imports `random`, {MORE}", OFFER),
    "try:\n    import json\nexcept ValueError:\n    import random": (f"imports `random`, {MORE}", OFFER),
    "try:\n    import json\nexcept (ImportError, ValueError):\n    import random": (f"imports `random`, {MORE}", OFFER),
    "try:\n    import json\nexcept:\n    import random": (f"imports `random`, {MORE}", OFFER),
    "try:\n    import json\nexcept ImportError: ...\nelse:\n    import random": (f"imports `random`, {MORE}", OFFER),
    # What the allowed module does not have is imported from elsewhere after all.
    "try:\n    from typing import Zzz\nexcept ImportError:\n    import random": (f"imports `random`, {MORE}", OFFER),
    "try:\n    import json.zzz\nexcept ImportError:\n    import random": (f"imports `random`, {MORE}", OFFER),
    "if not TYPE_CHECKING:\n    import random": (f"imports `random`, {MORE}", OFFER),
    "import typing as t\nif t.OTHER:\n    import random": (f"imports `random`, {MORE}", OFFER),
    "if __name__ != '__main__':\n    import random": (f"imports `random`, {MORE}", OFFER),
    "if __name__ == '__main__': ...\nelse:\n    import random": (f"imports `random`, {MORE}", OFFER),
    "import sys\nsys.path": (f"uses `sys.path`, {MORE}", f"{ASK}; pure are version_info"),
    "from calendar import timegm, prcal": (f"imports `calendar.prcal`, {MORE}", f"{ASK}; pure are timegm"),
    "import email.utils\nemail.utils.localtime()": (
        f"uses `email.utils.localtime`, {MORE}",
        f"{ASK}; pure are format_datetime, parsedate_to_datetime",
    ),
    "import xml.sax.saxutils\nxml.sax.parse('x')": (f"uses `xml.sax.parse`, {MORE}", f"{ASK}; pure are saxutils"),
    "import xml.sax": (f"imports `xml.sax`, {MORE}", OFFER),
    "match 1:\n    case 1:\n        import random": (f"imports `random`, {MORE}", OFFER),
    "if x:\n    pass\nelse:\n    import random": (f"imports `random`, {MORE}", OFFER),
    "import urllib": (f"imports `urllib`, {MORE}", OFFER),
    "import urllib.request": (f"imports `urllib.request`, {MORE}", OFFER),
    "from urllib import parse, request": (f"imports `urllib`, {MORE}", OFFER),
    "import jinja2": ("imports `jinja2`, which is no part of the rule", OFFER),
    "import _ignore": ("imports `_ignore` as if it lay outside its folder", "write from ._ignore import …"),
    "from _ignore import x": ("imports `_ignore` as if it lay outside its folder", "write from ._ignore import …"),
    "from packaging_targets import Manfest": (
        "imports `Manfest`, which is no public name of packaging_targets",
        "did you mean `Manifest`?",
    ),
    "from packaging_targets import zzz": ("imports `zzz`, which is no public name of packaging_targets", PUBLIC),
    "import packaging_targets as p\np.zzz": ("uses `zzz`, which is no public name of packaging_targets", PUBLIC),
    "from packaging_targets.formats.archive.tar import write_tar": (
        "imports `packaging_targets.formats.archive.tar`, which is private",
        PUBLIC,
    ),
    "import packaging_targets.store.layout": ("imports `packaging_targets.store.layout`, which is private", PUBLIC),
    "from packaging_targets.model.manifest import Manifest, SourceInfo, Entry": (
        "imports `packaging_targets.model.manifest`, which is private",
        "write from packaging_targets import Entry, Manifest",
    ),
    "from pathlib import Path": (f"imports `pathlib.Path`, {MORE}", PURE_PATHS),
    "from io import *": (f"imports `io.*`, {MORE}", f"{ASK}; pure are BytesIO, StringIO"),
    "import io\nio.open(1)": (f"uses `io.open`, {MORE}", f"{ASK}; pure are BytesIO, StringIO"),
    "import pathlib as p\np.Path('x').read_text()": (
        f"uses `pathlib.Path`, {MORE}",
        PURE_PATHS,
    ),
    "import posixpath\nposixpath.exists('x')": (
        f"uses `posixpath.exists`, {MORE}",
        f"{ASK}; pure are {', '.join(PARTLY['posixpath'])}",
    ),
    "open('x')": (f"calls `open`, {MORE}", f"{ASK}; a file of the rule's folder is an input: context.template(…)"),
    "list(map(open, x))": (f"calls `open`, {MORE}", f"{ASK}; a file of the rule's folder is an input: context.template(…)"),
    "eval('1')": ("calls `eval`, which hides what it runs", "write the code itself"),
    "input()": ("calls `input`, which waits for a person", "let a field of the target say it"),
    "breakpoint()": ("calls `breakpoint`, which waits for a person", "take it out; print is fine"),
    "from datetime import datetime\ndatetime.now()": (f"calls `datetime.now`, {MORE}", EPOCH),
    "from datetime import *\ndatetime.now()": (f"calls `datetime.now`, {MORE}", EPOCH),
    "import datetime as d\nd.date.today()": (f"calls `d.date.today`, {MORE}", EPOCH),
    "from datetime import datetime as d\nd.fromtimestamp(3)": ("calls `d.fromtimestamp` without a time zone", EPOCH),
    "from ._ignor import x": ("imports `._ignor`, but there is no file rules/r/_ignor.py", "did you mean `_ignore`?"),
    "from . import zzz": ("imports `.zzz`, but there is no file rules/r/zzz.py", ""),
    "from .sub.zzz import *": ("imports `.sub.zzz`, but there is no file rules/r/sub/zzz.py", ""),
    "from .sub.word import x": ("imports `.sub.word`, but there is no file rules/r/sub/word.py", "did you mean `words`?"),
    "from ..othr.rule import x": ("imports `..othr.rule`, but there is no file rules/othr/rule.py", ""),
    "from ..other.texts import x": (
        "imports `..other.texts`, but there is no file rules/other/texts.py",
        "did you mean `_texts`?",
    ),
    "from ...top import x": (
        "imports `...top` from outside the folder of rules",
        "from ..<rule>.rule import … reaches a rule beside it",
    ),
    "from .test_rule import x": (
        "imports `.test_rule`, which is a test, and no part of a rule",
        "move what both need into a file that is none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused(text: str) -> None:
    assert found(text) == [REFUSED[text]]


@pytest.mark.parametrize(
    "text",
    [
        "import json, re, collections.abc, urllib.parse",
        "from urllib import parse\nfrom collections import abc\nfrom html.parser import HTMLParser",
        "import io, pathlib, posixpath\nio.StringIO(pathlib.PurePosixPath(posixpath.join('a', 'b')).name)",
        "from io import BytesIO\nfrom pathlib import PurePath",
        "from packaging_targets import *",
        "import packaging_targets as p\np.Manifest.of([])",
        "from ._ignore import x\nfrom . import _ignore\nfrom .sub import words\nfrom .sub.words import y",
        "from ..other.rule import analyse\nfrom .. import other\nfrom ..other import _texts\nfrom ..r.rule import x",
        "import re\nre.compile('x').match('y')\nprint(1)\ncontext.open('x')",
        "def f(input):\n    return input\ncompile = 3\ncompile\ndef open(): ...\nopen()\nfrom x import eval\neval".replace(
            "from x", "from json"
        ),
        "match x:\n    case [input, *compile]: input, compile\n    case {'k': open, **eval}: open, eval",
        "try: ...\nexcept ValueError as input:\n    input\nclass compile: ...\ncompile()\nasync def open(): ...\nopen()",
        "import json as open\nopen.loads('1')",
        "import typing as t\nif t.TYPE_CHECKING:\n    from pathlib import Path",
        "from typing import TYPE_CHECKING as T\nif T:\n    from pathlib import Path",
        "if not TYPE_CHECKING:\n    import re\nelse:\n    import os",
        "if __name__ == '__main__':\n    import sys\n    sys.exit(open('x'))",
        "if '__main__' == __name__:\n    import os",
        "try:\n    import tomllib\nexcept ImportError:\n    import tomli as tomllib",
        "try:\n    import re, json\n    from urllib import parse\nexcept (ImportError, ModuleNotFoundError) as e:\n    open('x')",
        "import sys\nif sys.version_info >= (3, 12):\n    pass",
        "from sys import version_info",
        "from email import utils\nfrom email.utils import format_datetime\nutils.parsedate_to_datetime('x')",
        "import xml.sax.saxutils\nfrom xml.sax import saxutils as s\nxml.sax.saxutils.escape(s.quoteattr('x'))",
        "import calendar\nfrom pathlib import PureWindowsPath\ncalendar.timegm(x)",
        "from datetime import *\ndatetime(1, 2, 3)",
        "from . import *\nfrom .sub import *\nfrom .. import *",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from os import PathLike",
        "import typing\nif typing.TYPE_CHECKING:\n    import os\nelse:\n    import re",
        "from datetime import date, datetime, timezone\ndatetime.fromtimestamp(3, timezone.utc)\ndate(1, 2, 3).today",
        "import datetime as d\nd.datetime.fromtimestamp(3, tz=d.timezone.utc)\ncontext.now()",
        "this is no Python",
        "nul\0byte",
    ],
)
def test_what_is_allowed(text: str) -> None:
    assert found(text) == []


def test_a_file_in_a_folder_of_the_rule_counts_its_dots_from_there() -> None:
    assert found("from .words import x\nfrom .._ignore import y\nfrom ...other.rule import z", "sub/deep.py") == []
    assert found("import _ignore", "sub/deep.py")[0][1] == "write from .._ignore import …"
    assert found("from ._ignore import x", "sub/deep.py") == [
        ("imports `._ignore`, but there is no file rules/r/sub/_ignore.py", "")
    ]


def test_a_name_may_come_from_the_file_of_its_folder() -> None:
    place = Place("r", "rule.py", "rules/r/rule.py", lambda rule: {"rule.py", "__init__.py"} if rule == "r" else ())
    for name in ("VALUE", "*"):
        findings = examine(f"from . import {name}".encode(), place)
        assert (findings.problems, set(findings.imports)) == ((), {("r", "__init__.py")})
    assert found("from . import VALUE", "sub/deep.py") == []  # of sub/__init__.py
    assert found("from .. import VALUE", "sub/deep.py") == [
        ("imports `..VALUE`, but there is no file rules/r/VALUE.py", "")
    ]


def test_a_shared_folder_is_no_rule() -> None:
    place = Place("lib", "texts.py", "rules/lib/texts.py", lambda rule: {"texts.py"} if rule == "lib" else ())
    (problem,) = examine(b"import os", place).problems
    assert (problem.what, problem.where) == (f"the folder `lib` imports `os`, {MORE}", "rules/lib/texts.py:1")


def test_imports_name_the_files_that_run() -> None:
    place = Place("r", "rule.py", "rules/r/rule.py", lambda rule: BESIDE.get(rule, ()))
    text = (
        b"from .sub import words\nfrom ..other import rule\nfrom . import _ignore\nfrom packaging_targets import Action"
    )
    assert set(examine(text, place).imports) == {
        ("r", "sub/__init__.py"), ("r", "sub/words.py"), ("other", "rule.py"), ("r", "_ignore.py"),
    }  # fmt: skip


def test_what_counts_as_pure_exists() -> None:
    assert {name.partition(".")[0] for name in {*PURE, *PARTLY}} <= sys.stdlib_module_names
    for name in PURE:
        importlib.import_module(name)
    for name, parts in PARTLY.items():
        module = importlib.import_module(name)
        assert all(hasattr(module, part) for part in parts), name


@given(st.binary(max_size=60) | st.text(alphabet="import from.\n ()=open:if x", max_size=80).map(str.encode))
def test_any_text_can_be_read(text: bytes) -> None:
    examine(text, Place("r", "rule.py", "rules/r/rule.py", lambda rule: BESIDE.get(rule, ())))


@given(st.sampled_from(sorted(sys.stdlib_module_names - {"this", "antigravity"})), st.booleans())
def test_a_module_is_pure_or_refused_however_it_is_imported(name: str, called: bool) -> None:
    text = f"import {name} as x" if called else f"import {name}"
    ast.parse(text)
    assert (found(text) == []) == (name in PURE or name in PARTLY)


def test_all_that_is_wrong_is_told_before_anything_runs(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write(
        {
            "rules/r/rule.py": "import os\nfrom ._more import x\n\n\ndef analyse(context):\n    return open('x')\n",
            "rules/r/_more.py": "raise SystemExit(3)\nbreakpoint()\n",
            "rules/r/script.py": "import os\n",  # a file for a command: nothing imports it
            "rules/r/schema.json": "{}",
            "a/TARGETS.toml": '[[r]]\nname = "a"\n',
        }
    )
    run = ws.packaging("build")
    assert (run.exit_code, run.output) == (
        2,
        f"""\
error: the rule `r` calls `breakpoint`, which waits for a person
  at rules/r/_more.py:2
  fix: take it out; print is fine

error: the rule `r` imports `os`, {MORE}
  at rules/r/rule.py:1
  fix: {OFFER}

error: the rule `r` calls `open`, {MORE}
  at rules/r/rule.py:6
  fix: {ASK}; a file of the rule's folder is an input: context.template(…)
""",
    )
