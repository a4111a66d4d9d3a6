"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_IDENTITY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_NAME = sa.String(160).with_variant(sa.String(160, collation="C"), "postgresql")


def upgrade() -> None:
    """Make all tables, in an empty database."""
    _packages()
    _archives()
    _tokens()
    _people()
    _approvals()
    _events()


def _packages() -> None:
    op.create_table(
        "packages",
        sa.Column("number", _IDENTITY, primary_key=True),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("folder", sa.String(160), nullable=False),
        sa.Column("short", _NAME, nullable=False),
        sa.Column("latest", sa.String(260), nullable=False),
        sa.Column("versions", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("sought", sa.Text, nullable=False),
        sa.Column("modified_at", sa.BigInteger, nullable=False),
        sa.Column("shown", sa.Boolean, nullable=False),
        sa.UniqueConstraint("name", name="uq_packages_name"),
        sa.UniqueConstraint("folder", name="uq_packages_folder"),
    )
    op.create_index("ix_packages_short", "packages", ["short"])
    op.create_index("ix_packages_shown_name", "packages", ["shown", "name", "short"])
    op.create_index("ix_packages_shown_modified_at", "packages", ["shown", "modified_at", "name"])


def _archives() -> None:
    op.create_table(
        "documents",
        sa.Column("name", _NAME, primary_key=True),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_table(
        "archives",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "marks",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "signatures",
        sa.Column("name", _NAME, primary_key=True),
        sa.Column("version", sa.String(260), primary_key=True),
        sa.Column("bundle", sa.LargeBinary, nullable=False),
    )


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("number", sa.String(32), primary_key=True),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("person", sa.String(512), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("grants", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
    )
    op.create_index("ix_tokens_person", "tokens", ["person"])
    op.create_table(
        "exchanged",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_exchanged_expires_at", "exchanged", ["expires_at"])


def _people() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql"), primary_key=True),
        sa.Column("password", sa.String(300), nullable=False),
        sa.Column("grants", sa.Text, nullable=False),
    )
    op.create_table(
        "publishers",
        sa.Column("number", sa.String(32), primary_key=True),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("issuer", sa.String(512), nullable=False),
        sa.Column("subject", sa.String(512), nullable=False),
        sa.Column("claims", sa.Text, nullable=False),
        sa.Column("grants", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.String(512), nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("way", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("number", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(160), nullable=False),
        sa.Column("version", sa.String(260), nullable=False),
        sa.Column("waiting", sa.String(420)),
        sa.Column("tag", sa.String(64), nullable=False),
        sa.Column("integrity", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("signature", sa.LargeBinary),
        sa.Column("publisher", sa.String(512), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(512)),
        sa.Column("decided_at", sa.BigInteger),
        sa.Column("reason", sa.Text),
        sa.UniqueConstraint("waiting", name="uq_approvals_waiting"),
    )
    op.create_index("ix_approvals_name", "approvals", ["name"])
    op.create_index("ix_approvals_state", "approvals", ["state"])


def _events() -> None:
    op.create_table(
        "audit",
        sa.Column("number", _IDENTITY, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(512), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("package", sa.String(160), nullable=False),
        sa.Column("version", sa.String(260), nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_index("ix_audit_action", "audit", ["action"])
    op.create_index("ix_audit_package", "audit", ["package"])
    op.create_table(
        "heads",
        sa.Column("log", sa.String(16), primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_table(
        "intents",
        sa.Column("number", sa.String(32), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
    )
