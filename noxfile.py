"""What is checked before a change goes in: `nox` runs the tests, the linters and the type checker.

`nox -l` lists the rest. `build`, `verify`, `affected`, `reproduce` and `publish` are the sessions that we give to every
noxfile; here they build this repository's own targets.
"""

from __future__ import annotations

import glob
import os
import shutil

import nox

from packaging_targets.adapters.nox import sessions

nox.options.sessions = ["tests", "lint", "types"]
nox.options.error_on_missing_interpreters = False

PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
GROUPS = nox.project.load_toml("pyproject.toml")["dependency-groups"]

sessions(install=("-e", ".[all]"))


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests, with each Python that is installed."""
    session.install("-e", ".[all]", *GROUPS["test"])
    session.run("python", "-m", "pytest", *(session.posargs or ("-n", "2")))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and form."""
    session.install(*GROUPS["lint"])
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of everything, tests included."""
    session.install("-e", ".[all]", *GROUPS["test"], *GROUPS["types"])
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Run what the documents show."""
    session.install("-e", ".[all]", *GROUPS["test"])
    session.run("python", "-m", "pytest", "tests/test_docs.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure a hundred modules; words after `--` go to `benchmarks/run.py` and ask for more."""
    session.install("-e", ".[all]")
    room = session.create_tmp()
    small = ("--n", "100", "--peers", "packaging-build", "doit-build", "lstat-1")
    where = ("--folder", os.path.join(room, "trees"), "--json", os.path.join(room, "results.json"))
    session.run("python", "benchmarks/run.py", *where, *(session.posargs or small))


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel and the source distribution, and use the wheel as a stranger would."""
    session.install("-e", ".[all]", *GROUPS["test"], "build")
    shutil.rmtree("dist/python", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", "dist/python")
    (built,) = glob.glob("dist/python/*.whl")
    tested = {"PACKAGING_WHEEL": os.path.abspath(built)}
    session.run("python", "-m", "pytest", "-m", "slow", "tests/e2e/test_wheel.py", env=tested)
