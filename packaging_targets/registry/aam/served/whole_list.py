"""Pages of all packages of a folder, for mirrors: also of those whose versions are all yanked, which no index has.

Who is there, the folder says; what there is to tell of those that are shown, the list in the database does.
"""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Engine

from packaging_targets.formats.aam.names import PackageName, name_faults
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.lines import lines_by_name
from packaging_targets.registry.aam.database.transactions import faults_told
from packaging_targets.registry.aam.folder.tree import Tree
from packaging_targets.registry.aam.protocol import Summary
from packaging_targets.registry.aam.served.holdings import Page, Query


def whole_page(tree: Tree, engine: Engine, query: Query) -> Page:
    """Return a page by name; its cursor is the last name. Raises RefusalError for a cursor that is none."""
    if query.after and any(name_faults(query.after)):
        raise RefusalError.of("BAD_REQUEST", "the cursor is none of this list", "", "start again without one")
    tree.demand()
    names = sorted(name for name in map(_name_of, tree.folders()) if name and query.visibility.shows(name))
    left = [name for name in names if name > query.after]
    with faults_told(), reading(engine) as connection:
        lines = lines_by_name(connection, query.after, query.limit, hidden=False)
    shown = {str(line.summary.name): line.summary for line in lines}
    part = left[: query.limit]
    entries = tuple(shown.get(name) or Summary(PackageName.parse(name), "", ()) for name in part)
    return Page(entries, part[-1] if len(left) > len(part) else "", len(names))


def _name_of(folder: str) -> str:
    """Return the name of the package that a folder is for, empty where it is for none."""
    scope, _, name = folder.rpartition("--")
    with suppress(ValueError):
        return str(PackageName.parse(f"@{scope}/{name}" if scope else name))
    return ""
