"""Who may see and do what, by every verb that is about packages."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from agents import packed
from desks import ROOT, desk, offer, somebody, told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served_registries import Clock

from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.desk.access import ACTIONS, ANONYMOUS, Grant, Identity
from packaging_targets.registry.aam.served.holdings import Query
from packaging_targets.services.aam.hosting import changing, publishing, seeing
from packaging_targets.services.aam.hosting.host import Host

NAMES = ("plain", "@acme/review", "@secret/plan")
PATTERNS = ("*", "plain", "@acme/*", "@secret/*", "@secret/plan", "@other/*")

# What is done with a package, and the action that allows it.
VERBS: dict[str, tuple[str, Callable[[Host, Identity, PackageName], Any]]] = {
    "visible": ("", seeing.visible),
    "metadata_of": ("", seeing.metadata_of),
    "release_of": ("", lambda host, who, name: seeing.release_of(host, who, name, "latest")),
    "publish": ("publish", lambda host, who, name: publishing.publish(host, who, io.BytesIO(packed(str(name))))),
    "set_tag": ("publish", lambda host, who, name: changing.set_tag(host, who, name, "latest", "1.0.0")),
    "remove_tag": ("publish", lambda host, who, name: changing.remove_tag(host, who, name, "nothing")),
    "deprecate": ("publish", lambda host, who, name: changing.deprecate(host, who, name, "", "")),
    "yank": ("yank", lambda host, who, name: changing.yank(host, who, name, "9.9.9")),
    "unyank": ("yank", lambda host, who, name: changing.unyank(host, who, name, "1.0.0")),
}
# What somebody who may do it is told, where that fails for another reason.
DONE = {"publish": "VERSION_CONFLICT", "remove_tag": "TAG_NOT_FOUND", "yank": "VERSION_NOT_FOUND"}


def outcome(act: Callable[[], Any]) -> str:
    """The code of what is refused, or nothing."""
    try:
        act()
    except RefusalError as error:
        return error.code
    return ""


def model(who: Identity, action: str, name: str) -> str:
    """Who may do what, in the simplest words: everything is looked up in a list of all there is."""
    fits = {
        "*": NAMES,
        "plain": ("plain",),
        "@acme/*": ("@acme/review",),
        "@secret/*": ("@secret/plan",),
        "@secret/plan": ("@secret/plan",),
        "@other/*": (),
    }
    about = [grant for grant in who.grants if any(name in fits[pattern] for pattern in grant.patterns)]
    if name == "@secret/plan" and not about:
        return "PACKAGE_NOT_FOUND"
    if not action or any({action, "admin"} & set(grant.actions) for grant in about):
        return ""
    return "UNAUTHORIZED" if not who.person else "FORBIDDEN"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with desk(tmp_path_factory.mktemp("published"), Clock(), private=("@secret/*",)) as host:
        for name in NAMES:
            offer(host, ROOT, name)
        yield host


grants = st.builds(
    Grant,
    st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=3, unique=True).map(tuple),
    st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3, unique=True).map(tuple),
)
people = st.one_of(
    st.just(ANONYMOUS),
    st.builds(lambda found: Identity("ann", tuple(found)), st.lists(grants, max_size=3)),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(who=people, verb=st.sampled_from(sorted(VERBS)), name=st.sampled_from(NAMES))
def test_every_verb_allows_what_the_model_allows(published: Host, who: Identity, verb: str, name: str) -> None:
    action, act = VERBS[verb]
    found = outcome(lambda: act(published, who, PackageName.parse(name)))
    expected = model(who, action, name) or DONE.get(verb, "")
    # Who may publish nothing at all is told so before their archive is read.
    if (
        verb == "publish"
        and expected == "PACKAGE_NOT_FOUND"
        and model(who, "publish", "anything")
        and not _publishes(who)
    ):
        expected = "UNAUTHORIZED" if not who.person else "FORBIDDEN"
    assert found == expected


def _publishes(who: Identity) -> bool:
    return any({"publish", "admin"} & set(grant.actions) for grant in who.grants)


@settings(max_examples=60, deadline=None)
@given(who=people)
def test_lists_show_what_somebody_sees_and_count_nothing_else(published: Host, who: Identity) -> None:
    for query in (Query(), Query(words="tests", order="relevance"), Query(order="updated")):
        page = seeing.page(published, who, query)
        assert sorted(str(one.name) for one in page.entries) == sorted(
            name for name in NAMES if model(who, "", name) == ""
        )
        assert page.total == len(page.entries)


def test_a_hidden_package_is_told_of_as_one_that_is_not_there(published: Host) -> None:
    ann = somebody("ann", "publish", on=("plain",))
    texts = set()
    for name in (PackageName("secret", "plan"), PackageName("secret", "none")):
        for verb in VERBS:
            with pytest.raises(RefusalError) as error:
                VERBS[verb][1](published, ann, name)
            assert error.value.code == "PACKAGE_NOT_FOUND"
            texts.add(str(error.value).replace(str(name), "NAME"))
    with pytest.raises(RefusalError) as error:
        seeing.visible(published, ann, PackageName("", "none"))
    texts.add(str(error.value).replace("none", "NAME"))
    assert texts == {"error: there is no package NAME in the registry"}


def test_who_sees_a_package_but_may_not_change_it_is_told_so(published: Host) -> None:
    ann = somebody("ann", "publish", on=("@other/*",))
    name = PackageName("", "plain")
    with pytest.raises(RefusalError) as error:
        changing.yank(published, ann, name, "1.0.0")
    assert str(error.value) == (
        "error: ann may not yank or unyank plain\n"
        "  fix: aam whoami tells what these credentials allow; else ask who administers the registry"
    )
    with pytest.raises(RefusalError) as error:
        changing.yank(published, ANONYMOUS, name, "1.0.0")
    assert str(error.value) == (
        "error: whoever is not signed in may not yank or unyank plain\n  fix: send a token: aam login"
    )
    assert error.value.code == "UNAUTHORIZED"


def test_open_publishing_lets_anybody_publish_new_versions_and_nothing_else(tmp_path: Path) -> None:
    with desk(tmp_path, Clock(), open_publishing=True, private=("@secret/*",)) as host:
        assert offer(host, ANONYMOUS, "plain").tags == ("latest",)
        assert outcome(lambda: offer(host, ANONYMOUS, "@secret/x")) == "PACKAGE_NOT_FOUND"
        assert outcome(lambda: changing.yank(host, ANONYMOUS, PackageName("", "plain"), "1.0.0")) == "UNAUTHORIZED"
        assert told(host) == [("", "publish", "plain")]


def test_what_a_second_person_approves_is_not_asked_for_by_who_may_be_that_person(tmp_path: Path) -> None:
    with desk(tmp_path, Clock(), open_publishing=True, needs_approval=("@slow/*",)) as host:
        with pytest.raises(RefusalError) as error:
            offer(host, ANONYMOUS, "@slow/review")
        assert error.value.code == "UNAUTHORIZED"
        assert str(error.value) == (
            "error: whoever is not signed in may not ask for a version of @slow/review, which a second person has to "
            "approve\n  fix: send a token: aam login"
        )
        assert told(host) == []


def test_versions_are_found_by_tags_too(published: Host) -> None:
    name = PackageName("", "plain")
    for text in ("1.0.0", "latest"):
        assert str(seeing.release_of(published, ANONYMOUS, name, text)[1].version) == "1.0.0"
    with pytest.raises(RefusalError) as error:
        seeing.release_of(published, ANONYMOUS, name, "stable")
    assert error.value.code == "VERSION_NOT_FOUND"
    assert str(error.value) == "error: plain has no version or tag `stable`\n  fix: tags: latest"


def test_of_a_package_whose_versions_are_all_yanked_latest_is_gone(host: Host) -> None:
    offer(host, ROOT, "plain")
    name = PackageName("", "plain")
    changing.yank(host, ROOT, name, "1.0.0", "broken")
    with pytest.raises(RefusalError) as error:
        seeing.release_of(host, ANONYMOUS, name, "latest")
    assert error.value.code == "PACKAGE_YANKED"
    assert str(seeing.release_of(host, ANONYMOUS, name, "1.0.0")[1].version) == "1.0.0"


def test_what_is_refused_says_nothing_of_where_the_registry_lies(host: Host, tmp_path: Path) -> None:
    offer(host, ROOT, "plain")
    (tmp_path / "registry" / "packages" / "plain" / "meta.json").write_text("{")
    with pytest.raises(RefusalError) as error:
        seeing.metadata_of(host, ROOT, PackageName("", "plain"))
    assert error.value.code == "REGISTRY_UNAVAILABLE"
    assert str(error.value) == "error: the registry cannot do this now; its log says why"
    assert str(tmp_path) in str(error.value.__cause__)
