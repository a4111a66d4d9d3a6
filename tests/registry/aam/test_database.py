"""Databases of servers: opened for their owner alone, and brought to the tables of this version, once."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from services import Postgres
from sqlalchemy import Engine, inspect
from sqlalchemy.schema import SchemaItem

from packaging_targets.errors import RegistryError, RequestError
from packaging_targets.registry.aam.database.engine import open_database, reading
from packaging_targets.registry.aam.database.lines import mark, set_mark
from packaging_targets.registry.aam.database.migrating import migrate
from packaging_targets.registry.aam.database.tables import metadata

KINDS = pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])


def fresh(request: pytest.FixtureRequest, kind: str, path: Path) -> str:
    """The URL of a database with nothing in it."""
    if kind == "sqlite":
        return f"sqlite:///{path}/new/registry.sqlite3"
    running: Postgres = request.getfixturevalue("a_postgres")
    return running.database()


def by_revisions(_: SchemaItem, name: str | None, *__: object) -> bool:
    """Tell whether revisions make something: the index of words is made wherever it can be had."""
    return not (name or "").startswith(("sought_words", "sought_names", "ix_words"))


@KINDS
def test_the_revisions_make_the_tables(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    engine = open_database(fresh(request, kind, tmp_path))
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": by_revisions, "compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


STARTING = """
import sys
from packaging_targets.registry.aam.database.engine import open_database
from packaging_targets.registry.aam.database.migrating import migrate
migrate(open_database(sys.argv[1]))
"""


@pytest.mark.slow
@KINDS
def test_servers_that_start_at_once_wait_for_each_other(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = fresh(request, kind, tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", STARTING, url]
    started = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(3)]
    assert [(one.communicate()[1], one.returncode) for one in started] == [(b"", 0)] * 3
    engine = open_database(url)
    assert set(metadata.tables) <= set(inspect(engine).get_table_names())
    engine.dispose()


def test_a_database_of_a_newer_version_is_refused(a_sqlite: Engine) -> None:
    with a_sqlite.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(RegistryError) as error:
        migrate(a_sqlite)
    assert str(error.value) == (
        "error: the database was made by a newer version of packaging-targets\n"
        "  fix: serve it with that version, or a newer one"
    )


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/data/registry.sqlite3")
    migrate(engine)
    with engine.begin() as connection:
        set_mark(connection, "key", "value")
        assert {stat.S_IMODE(os.stat(path).st_mode) for path in (tmp_path / "data").iterdir()} == {0o600}
    assert stat.S_IMODE(os.stat(tmp_path / "data").st_mode) == 0o700
    engine.dispose()


def test_who_reads_waits_for_nobody_who_writes(a_sqlite: Engine) -> None:
    with a_sqlite.begin() as writer:
        set_mark(writer, "key", "value")
        with reading(a_sqlite) as reader:
            assert mark(reader, "key") == ""
    with reading(a_sqlite) as reader:
        assert mark(reader, "key") == "value"


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("s3cret", "the database's address is no URL"),
        ("mysql://ann:s3cret@host/name", "databases of the kind `mysql` are not known here"),
        ("sqlite://", "databases of the kind `sqlite` are not known here"),
        ("sqlite:///:memory:", "databases of the kind `sqlite` are not known here"),
    ],
)
def test_what_is_no_database_is_refused_without_telling_secrets(url: str, what: str) -> None:
    with pytest.raises(RequestError) as error:
        open_database(url)
    assert str(error.value) == (
        f"error: {what}\n  fix: write sqlite:////srv/aam/registry.sqlite3, or postgresql://USER:PASSWORD@HOST/DATABASE"
    )


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="the database cannot be opened: not a directory"):
        open_database(f"sqlite:///{tmp_path}/file/data/registry.sqlite3")
