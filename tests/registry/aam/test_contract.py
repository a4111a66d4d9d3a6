"""What the Protocol promises, over every kind of registry."""

from __future__ import annotations

import io
from typing import Any

import pytest
from agents import archive_of, files_of, packed, publish
from signatures import signature

from packaging_targets.errors import IntegrityError, PackagingError, RegistryError, RequestError
from packaging_targets.formats.aam.integrity import integrity_of
from packaging_targets.formats.aam.metadata import PackageMetadata, Release, Yank
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.protocol import Registry

REVIEW = PackageName("acme", "review")
PLAIN = PackageName("", "plain")


def known(registry: Registry, name: PackageName = REVIEW) -> PackageMetadata:
    found = registry.metadata(name)
    assert found is not None
    return found


def tags(registry: Registry, name: PackageName = REVIEW) -> dict[str, str]:
    return dict(known(registry, name).tags)


def bytes_of(registry: Registry, name: PackageName, release: Release) -> bytes:
    with registry.open(name, release) as file:
        return file.read()


def declaring(**tags: str) -> dict[str, Any]:
    """Members of a manifest that declares tags."""
    return {"dist-tags": tags}


def refusal(error: pytest.ExceptionInfo[PackagingError], registry: Registry) -> str:
    """The text of an error, with the registry's address as `URL`."""
    return str(error.value).replace(registry.url, "URL")


# An empty registry


def test_an_empty_registry_has_nothing(registry: Registry) -> None:
    assert list(registry.summaries()) == []
    assert list(registry.names()) == []
    assert registry.search("review", 10) == []
    assert registry.metadata(REVIEW) is None


# Publishing


@pytest.mark.uaaps("S12.5.publish", "S12.5.meta", "S12.3.latest")
def test_what_was_published_is_there_with_all_that_its_manifest_says(registry: Registry) -> None:
    ranges = {"@acme/core": "^1.0.0", "plain": ">=1.0.0 <2.0.0"}
    data = packed(
        "@acme/review", "1.2.0", ranges, author="acme", optionalDependencies={"x": "*"}, peerDependencies={"y": "1.0.0"}
    )
    done = registry.publish(io.BytesIO(data))
    release = Release(
        done.release.version,
        integrity_of(Digest.of(data)),
        done.release.tarball,
        published_at=1_771_768_800,
        size=len(data),
        description="@acme/review, for tests.",
        author="acme",
        dependencies=ranges,
        optional={"x": "*"},
        peers={"y": "1.0.0"},
    )
    assert (done.name, done.release, done.tags, done.warnings) == (REVIEW, release, ("latest",), ())
    assert known(registry) == PackageMetadata(REVIEW, {"1.2.0": release}, {"latest": "1.2.0"}, 1_771_768_800)
    assert bytes_of(registry, REVIEW, release) == data


@pytest.mark.uaaps("S12.5.index")
def test_packages_are_listed_by_name_with_their_versions_from_the_lowest(registry: Registry) -> None:
    for version in ("1.10.0", "1.9.0", "2.0.0-rc.1"):
        publish(registry, "@acme/review", version)
    publish(registry, "plain")
    told = [(str(one.name), one.latest, one.versions, one.description) for one in registry.summaries()]
    assert told == [
        ("@acme/review", "1.10.0", ("1.9.0", "1.10.0", "2.0.0-rc.1"), "@acme/review, for tests."),
        ("plain", "1.0.0", ("1.0.0",), "plain, for tests."),
    ]


@pytest.mark.uaaps("P40")
@pytest.mark.parametrize(("description", "how"), [("same", "the same"), ("another", "other")])
def test_a_version_is_never_published_twice(registry: Registry, description: str, how: str) -> None:
    publish(registry, "@acme/review", "1.0.0", files={"same": ""})
    before = known(registry)
    with pytest.raises(RegistryError) as error:
        publish(registry, "@acme/review", "1.0.0", files={description: ""})
    assert refusal(error, registry) == (
        f"error: @acme/review@1.0.0 is published already, with {how} bytes\n"
        "  at URL\n"
        "  fix: raise `version` in package.agent.json: a published version never changes"
    )
    assert known(registry) == before


@pytest.mark.uaaps("P10")
@pytest.mark.parametrize(("first", "second"), [("1.0.0", "1.0.0+b"), ("1.0.0+a", "1.0.0"), ("1.0.0+a", "1.0.0+b")])
def test_build_metadata_makes_no_other_version(registry: Registry, first: str, second: str) -> None:
    publish(registry, "@acme/review", first)
    with pytest.raises(RegistryError) as error:
        publish(registry, "@acme/review", second)
    assert refusal(error, registry).splitlines()[0] == (
        f"error: @acme/review@{second} is published already as {first}: build metadata makes no other version"
    )


def test_versions_that_differ_in_case_alone_are_refused(registry: Registry) -> None:
    publish(registry, "plain", "1.0.0-rc.A")
    with pytest.raises(
        RegistryError,
        match=r"plain@1\.0\.0-rc\.a differs from 1\.0\.0-rc\.A, which is published, in upper and lower case alone",
    ):
        publish(registry, "plain", "1.0.0-rc.a")


@pytest.mark.uaaps("P25")
def test_what_is_no_archive_of_a_package_is_refused_and_nothing_changes(registry: Registry) -> None:
    manifest = files_of("@acme/review", "1.0.0")
    hostile: dict[str, bytes] = {
        "no gzip": b"not an archive",
        "nothing": b"",
        "no manifest": archive_of({"skills/review/SKILL.md": b"x"}),
        "climbing": archive_of({**manifest, "../../evil": b"x"}),
        "twins": archive_of({**manifest, "skills/Review/SKILL.md": b"x"}),
        "cut": packed("@acme/review")[:-20],
        "bad manifest": archive_of({"package.agent.json": b'{"name": "A", "version": "1"}'}),
    }
    for what, data in hostile.items():
        with pytest.raises(IntegrityError):
            registry.publish(io.BytesIO(data))
        assert list(registry.names()) == [], what


@pytest.mark.uaaps("P2", "P4")
@pytest.mark.parametrize(
    "name", ["acme--review", "@a--b/c", "@a/b--c", "con", "@nul/x", "a-", "../x", "-x", "@a/b/c", "A"]
)
def test_names_that_could_own_another_folder_are_refused(registry: Registry, name: str) -> None:
    with pytest.raises(IntegrityError) as error:
        publish(registry, name)
    assert f"`{name}`" in str(error.value)
    assert list(registry.names()) == []


# Tags


@pytest.mark.uaaps("S12.3.latest", "P11")
@pytest.mark.parametrize(
    ("versions", "latest"),
    [
        (["1.0.0", "2.0.0"], "2.0.0"),
        (["2.0.0", "1.0.9"], "2.0.0"),
        (["1.0.0", "2.0.0-rc.1"], "1.0.0"),
        (["1.0.0-rc.1", "1.0.0-rc.2"], "1.0.0-rc.2"),
        (["1.0.0-rc.2", "1.0.0-rc.1"], "1.0.0-rc.2"),
        (["2.0.0-rc.1", "1.0.0"], "1.0.0"),
        (["9.0.0", "10.0.0"], "10.0.0"),
        (["1.0.0+a"], "1.0.0+a"),
    ],
)
def test_latest_is_the_highest_stable_version_whatever_the_order(
    registry: Registry, versions: list[str], latest: str
) -> None:
    for version in versions:
        publish(registry, "plain", version)
    assert tags(registry, PLAIN) == {"latest": latest}


@pytest.mark.uaaps("P11")
def test_a_tag_of_its_own_leaves_latest_alone(registry: Registry) -> None:
    publish(registry, "plain", "1.0.0")
    done = publish(registry, "plain", "2.0.0", tag="next")
    assert done.tags == ("next",)
    assert tags(registry, PLAIN) == {"latest": "1.0.0", "next": "2.0.0"}
    publish(registry, "plain", "1.1.0")  # lower than what is under next
    assert tags(registry, PLAIN)["latest"] == "1.0.0"
    publish(registry, "plain", "2.1.0")
    assert tags(registry, PLAIN)["latest"] == "2.1.0"


@pytest.mark.uaaps("P11")
def test_a_package_may_have_no_latest_until_one_is_published_without_a_tag(registry: Registry) -> None:
    publish(registry, "plain", "2.0.0", tag="next")
    assert [one.latest for one in registry.summaries()] == [""]
    publish(registry, "plain", "1.0.0")
    assert tags(registry, PLAIN) == {"latest": "1.0.0", "next": "2.0.0"}


@pytest.mark.uaaps("S12.3.stable", "S12.3.custom")
def test_tags_are_set_moved_and_removed(registry: Registry) -> None:
    for version in ("1.0.0", "2.0.0"):
        publish(registry, "@acme/review", version)
    registry.set_tag(REVIEW, "stable", "1.0.0")
    registry.set_tag(REVIEW, "bank-approved", "1.0.0")
    registry.set_tag(REVIEW, "1", "1.0.0")
    assert tags(registry) == {"1": "1.0.0", "bank-approved": "1.0.0", "latest": "2.0.0", "stable": "1.0.0"}
    registry.set_tag(REVIEW, "stable", "2.0.0")
    registry.remove_tag(REVIEW, "bank-approved")
    registry.remove_tag(REVIEW, "1")
    assert tags(registry) == {"latest": "2.0.0", "stable": "2.0.0"}
    registry.set_tag(REVIEW, "latest", "1.0.0")  # by hand, also backwards
    assert tags(registry)["latest"] == "1.0.0"


@pytest.mark.uaaps("S12.3.stable")
def test_publishing_never_moves_stable(registry: Registry) -> None:
    publish(registry, "plain", "1.0.0")
    registry.set_tag(PLAIN, "stable", "1.0.0")
    publish(registry, "plain", "1.0.1")
    assert tags(registry, PLAIN) == {"latest": "1.0.1", "stable": "1.0.0"}


@pytest.mark.uaaps("S12.3.lower-case", "S12.3.length", "S12.3.not-semver")
@pytest.mark.parametrize(
    ("tag", "fault"),
    [
        ("Stable", "is not of lower-case letters, digits and `-`"),
        ("", "is not of lower-case letters, digits and `-`"),
        ("a_b", "is not of lower-case letters, digits and `-`"),
        ("stable\n", "is not of lower-case letters, digits and `-`"),
        ("a" * 33, "has 33 characters, and 32 is the most"),
        ("1.2.3", "is not of lower-case letters, digits and `-`"),
    ],
)
def test_what_cannot_be_a_tag_is_refused(registry: Registry, tag: str, fault: str) -> None:
    publish(registry, "plain")
    with pytest.raises(RequestError) as error:
        registry.set_tag(PLAIN, tag, "1.0.0")
    assert error.value.problems[0].what == f"the tag `{tag}` {fault}"
    if tag:
        with pytest.raises(RequestError):
            publish(registry, "plain", "2.0.0", tag=tag)
    assert tags(registry, PLAIN) == {"latest": "1.0.0"}


@pytest.mark.uaaps("S12.3.length")
def test_a_tag_may_have_32_characters(registry: Registry) -> None:
    publish(registry, "plain", tag="a" * 32)
    assert tags(registry, PLAIN) == {"a" * 32: "1.0.0"}


def test_a_tag_cannot_lead_to_what_is_not_there(registry: Registry) -> None:
    publish(registry, "@acme/review", "1.0.0")
    with pytest.raises(RegistryError) as error:
        registry.set_tag(REVIEW, "stable", "1.2.0")
    assert (
        refusal(error, registry) == "error: there is no version 1.2.0 of @acme/review\n  at URL\n  fix: versions: 1.0.0"
    )
    with pytest.raises(RequestError) as wrong:
        registry.set_tag(REVIEW, "stable", "newest")
    assert str(wrong.value) == (
        "error: an exact version of @acme/review is wanted, and `newest` is none\n  fix: versions: 1.0.0"
    )


def test_latest_stays_and_a_tag_that_is_not_there_cannot_be_removed(registry: Registry) -> None:
    publish(registry, "@acme/review", "1.0.0")
    registry.set_tag(REVIEW, "stable", "1.0.0")
    with pytest.raises(RegistryError) as error:
        registry.remove_tag(REVIEW, "latest")
    assert refusal(error, registry) == (
        "error: the tag `latest` of @acme/review stays as long as there are versions\n"
        "  at URL\n"
        "  fix: let it lead elsewhere: aam dist-tag add @acme/review@VERSION latest"
    )
    with pytest.raises(RegistryError) as other:
        registry.remove_tag(REVIEW, "stabel")
    assert refusal(other, registry) == (
        "error: @acme/review has no tag `stabel`\n  at URL\n  fix: did you mean `stable`?"
    )


@pytest.mark.uaaps("S12.3.manifest", "P12")
def test_the_tags_of_a_manifest_are_applied_when_all_they_lead_to_is_there(registry: Registry) -> None:
    publish(registry, "@acme/review", "1.1.0")
    done = publish(registry, "@acme/review", "1.2.0", **declaring(stable="1.1.0", latest="1.2.0", new="1.2.0"))
    assert done.tags == ("latest", "new")
    assert done.warnings == ()
    assert tags(registry) == {"latest": "1.2.0", "new": "1.2.0", "stable": "1.1.0"}


@pytest.mark.uaaps("P12")
def test_the_tags_of_a_manifest_are_passed_over_when_one_leads_nowhere(registry: Registry) -> None:
    done = publish(registry, "@acme/review", "1.2.0", **declaring(stable="1.1.0", new="1.2.0"))
    assert tags(registry) == {"latest": "1.2.0"}
    assert [str(one) for one in done.warnings] == [
        "error: the tags of the manifest are passed over: what they lead to is not there (`stable` to 1.1.0)\n"
        "  at @acme/review@1.2.0  ($.dist-tags)\n"
        "  fix: publish that first, then use aam dist-tag add"
    ]


@pytest.mark.uaaps("P12")
def test_a_manifest_never_moves_latest_backwards(registry: Registry) -> None:
    publish(registry, "plain", "2.0.0")
    done = publish(registry, "plain", "1.0.9", **declaring(latest="1.0.9"))
    assert tags(registry, PLAIN) == {"latest": "2.0.0"}
    assert [one.what for one in done.warnings] == ["`latest` of the manifest is passed over: it stays at 2.0.0"]
    publish(registry, "plain", "3.0.0", tag="next", **declaring(latest="3.0.0", next="2.0.0"))
    assert tags(registry, PLAIN) == {"latest": "2.0.0", "next": "3.0.0"}


# Yanking and deprecating


@pytest.mark.uaaps("P41")
def test_a_yanked_version_is_hidden_and_stays(registry: Registry, clock: Any) -> None:
    publish(registry, "@acme/review", "1.0.0")
    done = publish(registry, "@acme/review", "2.0.0")
    clock.now += 60
    registry.yank(REVIEW, "2.0.0", "it deletes files")
    assert [(one.latest, one.versions) for one in registry.summaries()] == [("1.0.0", ("1.0.0",))]
    release = known(registry).releases["2.0.0"]
    assert release.yanked == Yank(clock.now, "it deletes files", ("latest",))
    assert known(registry).modified_at == clock.now
    assert bytes_of(registry, REVIEW, release) == bytes_of(registry, REVIEW, done.release)
    assert [str(one.version) for one in known(registry).newest_first()] == ["1.0.0"]


@pytest.mark.uaaps("P41")
def test_yanking_twice_is_once(registry: Registry, clock: Any) -> None:
    publish(registry, "plain")
    registry.yank(PLAIN, "1.0.0", "first")
    before = known(registry, PLAIN)
    clock.now += 60
    registry.yank(PLAIN, "1.0.0", "second")
    assert known(registry, PLAIN) == before
    registry.unyank(PLAIN, "1.0.0")
    before = known(registry, PLAIN)
    clock.now += 60
    registry.unyank(PLAIN, "1.0.0")
    assert known(registry, PLAIN) == before


@pytest.mark.uaaps("P41")
def test_a_package_whose_versions_are_all_yanked_is_hidden_and_known(registry: Registry) -> None:
    publish(registry, "plain")
    registry.yank(PLAIN, "1.0.0")
    assert list(registry.summaries()) == []
    assert registry.search("plain", 10) == []
    assert list(registry.names()) == [PLAIN]
    assert tags(registry, PLAIN) == {}


def test_yanking_moves_latest_and_takes_tags_that_come_back(registry: Registry) -> None:
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        publish(registry, "plain", version)
    registry.set_tag(PLAIN, "stable", "2.0.0")
    registry.yank(PLAIN, "2.0.0")
    assert tags(registry, PLAIN) == {"latest": "1.1.0"}
    registry.unyank(PLAIN, "2.0.0")
    assert tags(registry, PLAIN) == {"latest": "2.0.0", "stable": "2.0.0"}


def test_tags_that_lead_elsewhere_meanwhile_do_not_come_back(registry: Registry) -> None:
    for version in ("1.0.0", "2.0.0"):
        publish(registry, "plain", version)
    registry.set_tag(PLAIN, "stable", "2.0.0")
    registry.yank(PLAIN, "2.0.0")
    registry.set_tag(PLAIN, "stable", "1.0.0")
    publish(registry, "plain", "3.0.0")
    registry.unyank(PLAIN, "2.0.0")
    assert tags(registry, PLAIN) == {"latest": "3.0.0", "stable": "1.0.0"}


def test_a_version_that_was_not_latest_is_not_after_a_yank(registry: Registry) -> None:
    publish(registry, "plain", "1.0.0")
    publish(registry, "plain", "2.0.0", tag="next")
    registry.yank(PLAIN, "2.0.0")
    registry.unyank(PLAIN, "2.0.0")
    assert tags(registry, PLAIN) == {"latest": "1.0.0", "next": "2.0.0"}


def test_a_tag_cannot_lead_to_a_yanked_version(registry: Registry) -> None:
    publish(registry, "plain", "1.0.0")
    registry.yank(PLAIN, "1.0.0")
    with pytest.raises(RegistryError) as error:
        registry.set_tag(PLAIN, "stable", "1.0.0")
    assert refusal(error, registry) == (
        "error: the tag `stable` cannot lead to plain@1.0.0, which is yanked\n  at URL\n  fix: aam unyank plain@1.0.0"
    )


@pytest.mark.uaaps("P40", "P41")
def test_a_yanked_version_cannot_be_published_again(registry: Registry) -> None:
    publish(registry, "plain", "1.0.0")
    registry.yank(PLAIN, "1.0.0")
    with pytest.raises(RegistryError, match="is published already, with other bytes"):
        publish(registry, "plain", "1.0.0", files={"more": ""})


def test_versions_are_deprecated_alone_or_together(registry: Registry) -> None:
    for version in ("1.0.0", "2.0.0"):
        publish(registry, "plain", version)

    def messages() -> list[str]:
        return [one.deprecated for one in known(registry, PLAIN).releases.values()]

    registry.deprecate(PLAIN, "1.0.0", "use 2")
    assert messages() == ["use 2", ""]
    registry.deprecate(PLAIN, "", "use another")
    assert messages() == ["use another", "use another"]
    registry.deprecate(PLAIN, "2.0.0", "")
    assert messages() == ["use another", ""]
    assert [one.versions for one in registry.summaries()] == [("1.0.0", "2.0.0")]


def test_a_version_is_found_whatever_its_build_metadata(registry: Registry) -> None:
    publish(registry, "plain", "1.0.0+linux")
    registry.set_tag(PLAIN, "stable", "1.0.0")
    assert tags(registry, PLAIN)["stable"] == "1.0.0+linux"
    registry.yank(PLAIN, "1.0.0+other")
    assert known(registry, PLAIN).releases["1.0.0+linux"].yanked is not None


@pytest.mark.parametrize("verb", ["set_tag", "remove_tag", "yank", "unyank", "deprecate"])
def test_what_is_not_there_cannot_be_changed(registry: Registry, verb: str) -> None:
    arguments = {"set_tag": ("stable", "1.0.0"), "remove_tag": ("stable",), "deprecate": ("1.0.0", "no")}
    with pytest.raises(RegistryError) as error:
        getattr(registry, verb)(REVIEW, *arguments.get(verb, ("1.0.0",)))
    assert refusal(error, registry) == "error: there is no package @acme/review in the registry\n  at URL"


# Searching


def test_a_search_looks_for_all_words_and_puts_names_first(registry: Registry) -> None:
    for name in ("code-review", "@acme/review", "review-kit", "lint"):
        publish(registry, name)
    publish(registry, "notes", files={"x": ""}, description="How a review of notes goes.")
    found = [str(one.name) for one in registry.search("review", 10)]
    assert found == ["@acme/review", "review-kit", "code-review", "notes"]
    assert [str(one.name) for one in registry.search("REVIEW code", 10)] == ["code-review"]
    assert [str(one.name) for one in registry.search("review", 2)] == found[:2]
    assert registry.search("nothing of the kind", 10) == []


# Times


@pytest.mark.uaaps("P37")
def test_the_newest_event_is_remembered_and_never_goes_back(registry: Registry, clock: Any) -> None:
    publish(registry, "plain", "1.0.0")
    first = clock.now
    clock.now += 100
    registry.set_tag(PLAIN, "stable", "1.0.0")
    assert known(registry, PLAIN).modified_at == first + 100
    clock.now -= 200
    publish(registry, "plain", "1.1.0")
    assert known(registry, PLAIN).modified_at == first + 100
    assert known(registry, PLAIN).releases["1.1.0"].published_at == first - 100


# Signatures


@pytest.mark.uaaps("P70")
def test_a_signature_is_kept_with_the_version_that_it_is_about(registry: Registry) -> None:
    first, second = packed("@acme/review"), packed("@acme/review", "1.1.0")
    bundle = signature(first)
    signed = registry.publish(io.BytesIO(first), signature=bundle)
    unsigned = registry.publish(io.BytesIO(second))
    assert registry.signature(REVIEW, signed.release) == bundle
    assert registry.signature(REVIEW, unsigned.release) is None
    assert signed.release == known(registry).releases["1.0.0"]


@pytest.mark.uaaps("P70")
def test_a_signature_of_something_else_is_refused_and_nothing_is_published(registry: Registry) -> None:
    data = packed("@acme/review")
    with pytest.raises(RefusalError) as error:
        registry.publish(io.BytesIO(data), signature=signature(packed("plain"), "plain"))
    assert error.value.code == "SIGNATURE_INVALID"
    fix = "  fix: sign the archive that is published: aam pkg publish --sign"
    assert refusal(error, registry) == (
        "error: the signature is not one of @acme/review@1.0.0: it was made for the SHA-256"
        f" `{Digest.of(packed('plain')).hex}`, and that of the archive is {Digest.of(data).hex}\n  at URL\n{fix}\n\n"
        "error: the signature is not one of @acme/review@1.0.0: its subject is `plain-1.0.0.aam`,"
        f" not `acme--review-1.0.0.aam`\n  at URL\n{fix}"
    )
    assert registry.metadata(REVIEW) is None
    with pytest.raises(RefusalError, match="the document is no JSON"):
        registry.publish(io.BytesIO(data), signature=b"no bundle")
    assert registry.metadata(REVIEW) is None
