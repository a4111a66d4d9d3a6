"""Bringing a database to the tables of this version, with what makes looking for words fast where it can be had."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, func, select, text

from packaging_targets.errors import RegistryError
from packaging_targets.registry.aam.database.transactions import faults_told
from packaging_targets.registry.aam.database.words import quicken

_LOCK = 0x61616D_726567  # "aamreg": two servers that start at once wait for each other
_SCRIPTS = "packaging_targets.registry.aam.database:migrations"


def migrate(engine: Engine) -> None:
    """Make the tables, or change them to those of this version: all of it, or nothing, and one server at a time.

    Raises RegistryError where a newer version has been there, or the database cannot be used.
    """
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    with faults_told(), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            _demand_alone(connection)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            what = "the database was made by a newer version of packaging-targets"
            raise RegistryError.one(what, "", "serve it with that version, or a newer one") from error
        quicken(connection)


def _demand_alone(connection: Connection) -> None:
    for limit in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        connection.execute(text(f"set local {limit} = 0"))
    connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    encoding = connection.execute(text("show server_encoding")).scalar_one()
    if encoding != "UTF8":
        what = f"the database has the encoding {encoding}, and names and texts here are UTF-8"
        raise RegistryError.one(what, "", "createdb --encoding UTF8 --template template0 NAME")
