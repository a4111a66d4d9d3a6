"""The tables of a server. Times are seconds since 1970; what is kept as JSON is canonical text.

Secrets are never kept: of a token or a session only the SHA-256 is, and of a password what scrypt makes of it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

_IDENTITY = BigInteger().with_variant(Integer, "sqlite")
# Names are sorted by their bytes, whatever language a database is made for.
_NAME = String(160).with_variant(String(160, collation="C"), "postgresql")

metadata = MetaData(naming_convention={"ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s"})

# A line of the list for each package. `short` is the name without its scope, `sought` what words are looked for in:
# name and description, casefolded. `versions` is JSON. The number stays, so that an index of words can go by it.
packages = Table(
    "packages",
    metadata,
    Column("number", _IDENTITY, primary_key=True),
    Column("name", _NAME, nullable=False, unique=True),
    Column("folder", String(160), nullable=False, unique=True),
    Column("short", _NAME, nullable=False, index=True),
    Column("latest", String(260), nullable=False, default=""),
    Column("versions", Text, nullable=False, default="[]"),
    Column("description", Text, nullable=False, default=""),
    Column("sought", Text, nullable=False, default=""),
    Column("modified_at", BigInteger, nullable=False, default=0),
    Column("shown", Boolean, nullable=False, default=True),
    Index("ix_packages_shown_name", "shown", "name", "short"),  # a word of two letters is looked for in it
    Index("ix_packages_shown_modified_at", "shown", "modified_at", "name"),
)

# The meta.json of each package and the hex SHA-256 of it, where no folder has them. Not in the line of the list, as
# looking through the lines takes as long as they are wide.
documents = Table(
    "documents",
    metadata,
    Column("name", _NAME, primary_key=True),
    Column("document", LargeBinary, nullable=False),
    Column("digest", String(64), nullable=False),
)

# Whose turn it is with an archive in the object store, by its hex SHA-256, since `at`: `named` by a release, `coming`
# where somebody is about to publish what lies there already, or `going` where somebody takes away what nobody names.
archives = Table(
    "archives",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("state", String(8), nullable=False),
    Column("at", BigInteger, nullable=False),
)

# What is remembered of the world outside, such as the index.json that the list was last made from.
marks = Table(
    "marks",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

# Sigstore bundles, where no folder has them.
signatures = Table(
    "signatures",
    metadata,
    Column("name", _NAME, primary_key=True),
    Column("version", String(260), primary_key=True),
    Column("bundle", LargeBinary, nullable=False),
)

# `person` is who acts with the token: people are told apart by it where one must not approve their own. `grants` is
# JSON: what several trusted publishers allow somebody is in one token.
tokens = Table(
    "tokens",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("person", String(512), nullable=False, index=True),
    Column("label", String(200), nullable=False, default=""),
    Column("grants", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
)

# Identity tokens that were exchanged, each once, until they have expired: the SHA-256 of what was signed.
exchanged = Table(
    "exchanged",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

# Names and passwords, for `auth: basic`.
accounts = Table(
    "accounts",
    metadata,
    Column("name", String(100).with_variant(String(100, collation="C"), "postgresql"), primary_key=True),
    Column("password", String(300), nullable=False),
    Column("grants", Text, nullable=False),
)

# Whose identity tokens are exchanged: issuer and audience fit exactly, the subject by a pattern, claims exactly.
publishers = Table(
    "publishers",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("label", String(200), nullable=False, default=""),
    Column("issuer", String(512), nullable=False),
    Column("subject", String(512), nullable=False),
    Column("claims", Text, nullable=False, default="{}"),
    Column("grants", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(512), nullable=False),
)

# What waits, or waited, for approval; `state` is as `desk/approvals.py` has it. `waiting` says which version this is
# about as long as nothing is decided: there is one request for each.
approvals = Table(
    "approvals",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("name", String(160), nullable=False, index=True),
    Column("version", String(260), nullable=False),
    Column("waiting", String(420), unique=True),
    Column("tag", String(64), nullable=False, default=""),
    Column("integrity", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("signature", LargeBinary),
    Column("publisher", String(512), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("decided_by", String(512)),
    Column("decided_at", BigInteger),
    Column("reason", Text),
)

# The log: each entry has the digest of the one before, so that none can be changed or taken out unseen.
audit = Table(
    "audit",
    metadata,
    Column("number", _IDENTITY, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(512), nullable=False),
    Column("action", String(40), nullable=False, index=True),
    Column("package", String(160), nullable=False, default="", index=True),
    Column("version", String(260), nullable=False, default=""),
    Column("details", Text, nullable=False, default="{}"),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
)

# How far the log goes. Whoever adds to it changes this row first, and so waits for all others who do.
heads = Table(
    "heads",
    metadata,
    Column("log", String(16), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
)

# What was begun: written before an act, gone with its entry in the log. What a killed server leaves is looked into.
intents = Table(
    "intents",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("entry", Text, nullable=False),
)

# People who are signed in to the pages; `way` leads to the token or the account that they came with, which says
# what they may do.
sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("way", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)
