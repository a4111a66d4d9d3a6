"""What Alembic runs: the revisions, over the connection that `migrate` has."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():  # which is `migrate`'s own
    context.run_migrations()
