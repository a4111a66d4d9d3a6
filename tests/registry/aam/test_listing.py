"""Pages of the list: the same packages as `best_first` finds, in the same order, whatever has the list."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Engine

from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.lines import Line, write_lines
from packaging_targets.registry.aam.database.tables import packages
from packaging_targets.registry.aam.protocol import Summary
from packaging_targets.registry.aam.searching import best_first
from packaging_targets.registry.aam.served.holdings import Order, Page, Query, Visibility
from packaging_targets.registry.aam.served.listing import MAX_WORDS, Listing

_PARTS = ("review", "code", "re", "e", "lint", "x1", "kit")
_TEXTS = (
    "Reviews code",
    "ÄRGER straße 50%",
    'a "quoted" text',
    "re_view\\s",
    "",
    "Ein KIT",
    "日本語の説明文",
    "50 of 100",
)


def lines_of(seed: int, count: int) -> list[Line]:
    """Packages whose names and descriptions share their parts."""
    chance = random.Random(seed)
    found = {}
    for number in range(count):
        name = "-".join(chance.choices(_PARTS, k=chance.randint(1, 3)))
        scope = chance.choice(("", "", "re", "a_b", "code"))
        description = " ".join(chance.choices(_TEXTS, k=chance.randint(0, 3)))
        summary = Summary(PackageName(scope, name), "1.0.0", ("1.0.0", "1.1.0"), description)
        found[summary.name] = Line(summary, chance.randint(0, 20), shown=number % 10 != 9)
    return list(found.values())


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Engine:
    """A database with all tables."""
    found: Engine = request.getfixturevalue(request.param)
    return found


ON_BOTH = pytest.mark.parametrize(
    "database", ["a_sqlite", pytest.param("an_empty_database", marks=pytest.mark.service)], indirect=True
)


def filled(engine: Engine, lines: list[Line]) -> Listing:
    with engine.begin() as connection:
        write_lines(connection, lines)
    return Listing(engine)


def names(page: Page) -> list[str]:
    return [str(one.name) for one in page.entries]


def walked(listing: Listing, query: Query) -> Iterator[Page]:
    """Every page, one after another."""
    while True:
        page = listing.page(query)
        yield page
        if not page.next:
            return
        query = replace(query, after=page.next)


WORDS = ("", "review", "re", "e", "code review", "review code kit", "RE_VIEW", "50%", "straße", "STRASSE", '"quoted"',
         "日本語", "本", "@re/", "re/review", "nothing", "\\", "%", "_", "view\\s", "review-kit", "lint lint")  # fmt: skip


@ON_BOTH
def test_a_search_finds_what_best_first_finds_in_the_same_order(database: Engine) -> None:
    lines = lines_of(1, 400)
    listing = filled(database, lines)
    shown = [line.summary for line in lines if line.shown]
    for words in WORDS:
        wanted = [str(one.name) for one in best_first(shown, words)]
        pages = list(walked(listing, Query(words, "relevance", limit=7)))
        assert [name for page in pages for name in names(page)] == wanted, words
        assert {page.total for page in pages} == {len(wanted)}, words
        by_name = [name for page in walked(listing, Query(words, limit=50)) for name in names(page)]
        assert by_name == sorted(wanted), words


@ON_BOTH
def test_updated_means_the_newest_first_and_no_package_twice(database: Engine) -> None:
    lines = lines_of(2, 200)
    listing = filled(database, lines)
    times = {str(line.summary.name): line.modified_at for line in lines if line.shown}
    wanted = sorted(times, key=lambda name: (times[name], name), reverse=True)
    assert [name for page in walked(listing, Query(order="updated", limit=9)) for name in names(page)] == wanted
    found = [name for page in walked(listing, Query("review", "updated", limit=9)) for name in names(page)]
    assert found == [name for name in wanted if name in {str(one.name) for one in best_first(
        [line.summary for line in lines if line.shown], "review")}]  # fmt: skip


@ON_BOTH
def test_packages_whose_versions_are_all_yanked_are_there_for_who_asks(database: Engine) -> None:
    lines = lines_of(7, 100)
    listing = filled(database, lines)
    every = sorted(str(line.summary.name) for line in lines)
    shown = sorted(str(line.summary.name) for line in lines if line.shown)
    assert len(shown) < len(every)
    for yanked, wanted in ((True, every), (False, shown)):
        pages = list(walked(listing, Query(limit=30, yanked=yanked)))
        assert [name for page in pages for name in names(page)] == wanted
        assert {page.total for page in pages} == {len(wanted)}


VISIBILITIES = (
    Visibility(),
    Visibility(("*",)),
    Visibility(("*",), ("*",)),
    Visibility(("@re/*",), ("*-kit",)),
    Visibility(("@a_b/*", "code"), ("@a_b/re*",)),
    Visibility(("re*", "*e*t*"), ("review", "RE*", "[r]e", "r?", "re%", "a_b")),
    Visibility(("@a_b/*",), ("@a%b/*", "@aXb/*", "")),
    Visibility(("@aXb/*", "r?", "[r]e*", "Review")),
)

SOME = VISIBILITIES[::4]


@ON_BOTH
def test_who_may_not_see_a_package_finds_none_of_it_in_pages_or_totals(database: Engine) -> None:
    lines = lines_of(3, 300)
    listing = filled(database, lines)
    for visibility in VISIBILITIES:
        wanted = sorted(str(one.summary.name) for one in lines if one.shown and visibility.shows(str(one.summary.name)))
        pages = list(walked(listing, Query(visibility=visibility, limit=40)))
        assert [name for page in pages for name in names(page)] == wanted, visibility
        assert {page.total for page in pages} == {len(wanted)}, visibility


@ON_BOTH
@pytest.mark.parametrize("most", [1, 30])
def test_many_matches_and_few_give_the_same_and_many_are_not_counted(
    database: Engine, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    lines = lines_of(4, 300)
    listing = filled(database, lines)
    orders: tuple[Order, ...] = ("relevance", "updated", "name")
    asked = [Query(words, order, limit=11, visibility=one) for words in WORDS for order in orders for one in SOME]
    few = {query: list(walked(listing, query)) for query in asked}
    monkeypatch.setattr("packaging_targets.registry.aam.served.listing.MOST_COUNTED", most)
    for query, pages in few.items():
        many = list(walked(listing, query))
        assert [names(page) for page in many] == [names(page) for page in pages], query
        totals = {page.total for page in pages}
        assert {page.total for page in many} == ({min(most, *totals)} if query.words else totals), query


def test_without_an_index_of_words_the_same_is_found(a_sqlite: Engine) -> None:
    lines = lines_of(5, 200)
    listing = filled(a_sqlite, lines)
    before = {words: listing.page(Query(words)).entries for words in WORDS}
    with a_sqlite.begin() as connection:
        for table in ("sought_words", "sought_names"):
            connection.exec_driver_sql(f"drop table {table}")
    listing = Listing(a_sqlite)
    assert {words: listing.page(Query(words)).entries for words in WORDS} == before


@pytest.mark.parametrize("words", ["a\0b", "\ud800", "\udfff review"])
def test_words_that_no_text_has_find_nothing(a_sqlite: Engine, words: str) -> None:
    assert filled(a_sqlite, lines_of(1, 20)).page(Query(words)) == Page((), "", 0)


def test_too_many_words_are_refused(a_sqlite: Engine) -> None:
    with pytest.raises(RefusalError) as error:
        Listing(a_sqlite).page(Query("a " * (MAX_WORDS + 1)))
    assert error.value.code == "BAD_REQUEST"
    assert str(error.value) == "error: 33 words are looked for, and 32 is the most\n  fix: look for fewer"


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(
    st.one_of(
        st.text(min_size=1, max_size=60),
        st.lists(st.none() | st.booleans() | st.integers() | st.text(max_size=9), max_size=3).map(encoded),
    )
)
@example(encoded(["name", -1, 0, "review"]))
@example(encoded(["name", 0, 1 << 70, "review"]))
@example(encoded(["name", 0, True, "Review"]))
@example(encoded(["name", 0, 0, "a'; drop table packages"]))
@example(encoded(["updated", 0, 0, "review"]))
def test_a_cursor_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(RefusalError) as error:
        Listing(None).page(Query(after=text))  # type: ignore[arg-type]  # no database is asked
    assert error.value.code == "BAD_REQUEST"
    assert str(error.value) == ("error: the cursor is none that this list has given out\n  fix: start without one")


def test_a_cursor_of_another_order_is_refused(a_sqlite: Engine) -> None:
    listing = filled(a_sqlite, lines_of(1, 20))
    page = listing.page(Query(limit=3))
    assert page.next
    with pytest.raises(RefusalError, match="the cursor is none"):
        listing.page(Query(order="updated", after=page.next, limit=3))
    with pytest.raises(RefusalError, match="the cursor is none"):
        listing.page(Query(after=page.next + "A" * 5000))


def test_a_page_goes_on_where_its_last_package_has_gone(a_sqlite: Engine) -> None:
    listing = filled(a_sqlite, lines_of(1, 60))
    first = listing.page(Query(limit=5))
    rest = [name for page in walked(listing, Query(after=first.next, limit=5)) for name in names(page)]
    with a_sqlite.begin() as connection:
        connection.execute(packages.delete().where(packages.c.name == names(first)[-1]))
    again = [name for page in walked(listing, Query(after=first.next, limit=5)) for name in names(page)]
    assert again == rest
