"""Which lines a search is about, as conditions of SQL that mean the same in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, false, not_, or_, true

from packaging_targets.registry.aam.database.tables import packages

Condition = ColumnElement[bool]


def has_words(text: ColumnElement[str], words: Sequence[str]) -> Condition:
    """Return the condition that a text has all words."""
    return and_(true(), *(text.like(f"%{_escaped(word)}%", escape="\\") for word in words))


def ranked(connection: Connection, words: Sequence[str], seen: Condition) -> Sequence[Condition | None]:
    """Return the conditions of the stages of `searching.py`, None for an empty one, which together are all matches.

    What has the words in its name has them: it is looked for there alone.
    """
    name, short, first = packages.c.name, packages.c.short, words[0]
    has_it = has_words(name, words)
    told = and_(seen, has_words(packages.c.sought, words), not_(has_it))
    if len(words) > 1:  # which no name is, or starts with
        return None, None, and_(seen, has_it), told
    is_it = or_(name == first, short == first)
    # SQLite would look up all that start so, however many they are, and sort them.
    texts = [one if connection.dialect.name == "postgresql" else one.concat("") for one in (name, short)]
    starts = or_(*(one.like(f"{_escaped(first)}%", escape="\\") for one in texts))
    return and_(seen, is_it), and_(seen, starts, not_(is_it)), and_(seen, has_it, not_(starts)), told


def fits(patterns: Sequence[str]) -> Condition:
    """Return what `holdings.matches` says, for a name in the database."""
    if "*" in patterns:
        return true()
    possible = [one for one in patterns if one == one.lower() and may_stand(one)]  # as names are
    likes = (packages.c.name.like(_escaped(one).replace("*", "%"), escape="\\") for one in possible)
    return or_(false(), *likes)


def may_stand(text: str) -> bool:
    """Tell whether a text can be in any name or description; no database is asked for others."""
    return "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
