"""The list of a served folder, kept in step in the background: what it costs, who waits, and who does not."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from agents import publish
from served_registries import Clock, database_in, folder_registry

from packaging_targets.errors import RegistryError
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.lines import Line, every_row, row_of, rows_among
from packaging_targets.registry.aam.database.transactions import transact
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.folder.reindexing import reindex
from packaging_targets.registry.aam.protocol import Summary
from packaging_targets.registry.aam.served.holdings import Query
from packaging_targets.registry.aam.served.in_step import following
from packaging_targets.registry.aam.served.in_step.background import Background
from packaging_targets.registry.aam.served.in_step.differences import Differences, of_all
from packaging_targets.registry.aam.served.served_folder import ServedFolder

PLAIN, OTHER = PackageName("", "plain"), PackageName("", "other")


@pytest.fixture
def served(tmp_path: Path, clock: Clock) -> Iterator[ServedFolder]:
    """A server's holdings of a registry with two packages."""
    with database_in(tmp_path) as engine:
        served = ServedFolder(folder_registry(tmp_path, clock), engine)
        for name in (PLAIN, OTHER):
            publish(served, str(name))
        yield served


@pytest.fixture
def beside(served: ServedFolder, clock: Clock) -> FolderRegistry:
    """The same registry, as somebody has it who knows nothing of the server."""
    return FolderRegistry(served.tree.root, clock)


def names(served: ServedFolder, **wanted: object) -> list[str]:
    return [str(one.name) for one in served.page(Query(**wanted)).entries]  # type: ignore[arg-type]  # a query's fields


def soon(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.01)


def is_ready(served: ServedFolder) -> bool:
    try:
        served.demand()
    except RefusalError:
        return False
    return True


class Gate:
    """Comparing the whole folder with the list, which waits until it is let: `met` tells that somebody is at it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.met, self.open = threading.Event(), threading.Event()

        def waiting(*given: object) -> Differences:
            found = of_all(*given)  # type: ignore[arg-type]  # as they came
            self.met.set()
            assert self.open.wait(20)
            return found

        patch.setattr(following, "of_all", waiting)
        patch.setattr(following, "_FIRST", 0)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(monkeypatch)


# Who waits


def test_until_there_is_a_list_it_cannot_be_had_and_the_server_is_not_ready(served: ServedFolder, gate: Gate) -> None:
    with served.kept_up():
        assert gate.met.wait(20)
        for ask in (served.demand, lambda: served.page(Query())):
            with pytest.raises(RefusalError, match="the list of packages is being made") as error:
                ask()
            assert error.value.code == "REGISTRY_UNAVAILABLE"
        assert served.document(PLAIN) is not None
        gate.open.set()
        soon(lambda: is_ready(served))
        assert names(served) == ["other", "plain"]


def test_a_list_that_is_there_is_answered_while_it_is_brought_up_to_date(
    served: ServedFolder, beside: FolderRegistry, gate: Gate
) -> None:
    gate.open.set()
    served.page(Query())
    publish(beside, "third")
    gate.open.clear()
    gate.met.clear()
    with served.kept_up():
        assert gate.met.wait(20)
        begun = time.monotonic()
        assert names(served) == ["other", "plain"]
        assert time.monotonic() - begun < 5
        assert not is_ready(served)
        publish(served, "mine")
        assert names(served) == ["mine", "other", "plain"]
        served.yank(PLAIN, "1.0.0")
        assert names(served) == ["mine", "other"]
        gate.open.set()
        soon(lambda: names(served) == ["mine", "other", "third"])
    assert is_ready(served)


def test_a_damaged_index_is_told_where_there_is_no_list(served: ServedFolder, beside: FolderRegistry) -> None:
    Path(served.tree.index).write_text("{")
    with served.kept_up():
        soon(lambda: is_ready(served))
        with pytest.raises(RegistryError, match="the document is no JSON"):
            served.page(Query())
        reindex(beside)
        soon(lambda: served._following._has_list)
        assert names(served) == ["other", "plain"]


# What it costs


def test_of_a_change_by_others_only_what_changed_is_looked_at(
    served: ServedFolder, beside: FolderRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served.kept_up():
        soon(lambda: is_ready(served))
        monkeypatch.setattr(following, "of_all", None)  # whoever compares all fails
        publish(beside, "third")
        soon(lambda: names(served) == ["other", "plain", "third"])
        publish(beside, "plain", "2.0.0", description="now with tea")
        soon(lambda: names(served, words="tea") == ["plain"])
        beside.yank(OTHER, "1.0.0")
        soon(lambda: names(served) == ["plain", "third"])
        beside.unyank(OTHER, "1.0.0")
        soon(lambda: names(served) == ["other", "plain", "third"])
        shutil.rmtree(served.tree.folder("plain"))
        reindex(beside)
        soon(lambda: names(served) == ["other", "third"])


def test_what_no_line_of_the_index_tells_is_found_by_the_times_of_files(
    served: ServedFolder, beside: FolderRegistry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served.kept_up():
        soon(lambda: is_ready(served))
        monkeypatch.setattr(following, "of_all", None)
        for name in (PLAIN, OTHER, PLAIN):
            clock.now += 10
            beside.set_tag(name, f"t{clock.now}", "1.0.0")
            soon(lambda name=name: names(served, order="updated")[0] == str(name))  # type: ignore[misc]  # mypy and defaults


def test_what_a_server_changes_itself_is_compared_with_nothing(
    served: ServedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served.kept_up():
        soon(lambda: is_ready(served))
        monkeypatch.setattr(following, "of_all", None)
        monkeypatch.setattr(following, "changed_names", None)
        for number in range(5):
            publish(served, f"p{number}")
        soon(lambda: served._following._seen == served._following.signature())
        with reading(served._engine) as connection:
            assert {f"p{number}" for number in range(5)} <= every_row(connection).keys()  # without anybody asking
        assert served._following._failure is None


def test_an_index_that_is_not_written_as_ours_is_compared_as_a_whole(
    served: ServedFolder, beside: FolderRegistry
) -> None:
    with served.kept_up():
        soon(lambda: is_ready(served))
        publish(beside, "third")
        value = json.loads(Path(served.tree.index).read_text())
        Path(served.tree.index).write_text(json.dumps(value))
        soon(lambda: names(served) == ["other", "plain", "third"])


# Lines and rows


def test_a_line_that_somebody_has_written_since_stays(served: ServedFolder) -> None:
    served.page(Query())
    with reading(served._engine) as connection:
        before = every_row(connection)
    old, new = (Line(Summary(PLAIN, "", ("9.0.0",)), at) for at in (5, 6))
    late, early = Differences(), Differences()
    for found, line in ((late, old), (early, new)):
        found.note("plain", line, before["plain"])
        found.note("added", Line(Summary(PackageName("", "added"), "", ()), line.modified_at), None)
    late.note("other", None, before["other"])
    for found in (early, late):
        transact(served._engine, lambda connection, found=found: found.write(connection, list(found.wanted)))  # type: ignore[misc]  # mypy and defaults
    with reading(served._engine) as connection:
        rows = rows_among(connection, ["plain", "other", "added"])
    assert {name: row[4] for name, (_, row) in rows.items()} == {"plain": 6, "added": 6}
    assert rows["plain"][1] == row_of(new)


def test_what_is_the_same_is_no_difference(served: ServedFolder) -> None:
    found = Differences()
    line = Line(Summary(PLAIN, "1.0.0", ("1.0.0",), "for tests"), 5)
    found.note("plain", line, (1, row_of(line)))
    found.note("gone", None, None)
    assert found.wanted == {}


# The thread


def test_a_thread_does_its_work_when_it_is_woken_and_no_more_once_it_is_stopped() -> None:
    done: list[float] = []
    background = Background(lambda: done.append(time.monotonic()))
    assert background.wait(20, lambda: len(done) >= 1)
    background.wake()
    assert background.wait(20, lambda: len(done) >= 2)
    background.wake(hurries=False)
    assert background.wait(20, lambda: len(done) >= 3)
    background.stop()
    count = len(done)
    background.wake()
    time.sleep(0.05)
    assert len(done) == count


def test_the_file_that_is_read_is_not_closed_by_another_thread(
    served: ServedFolder, beside: FolderRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody asks, and keeps the file that there is, whenever the thread has one: the thread goes on."""
    follower = served._following
    kept = follower._last.keep

    def twice(file: BinaryIO | None, signature: str = "") -> None:
        kept(file, signature)
        if file is not None:
            kept(*follower._opened())

    with served.kept_up():
        soon(lambda: is_ready(served))
        monkeypatch.setattr(follower._last, "keep", twice)
        for number in range(2):
            publish(beside, f"more{number}")
            soon(lambda number=number: f"more{number}" in names(served))  # type: ignore[misc]  # it is called here
