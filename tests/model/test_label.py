from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.model.label import Label, LabelPattern

NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,8}", fullmatch=True)
PACKAGES = st.lists(st.from_regex(r"[a-z][a-z0-9.]{0,5}", fullmatch=True), max_size=4).map("/".join)


@given(PACKAGES, NAMES)
def test_a_label_is_what_its_text_says(package: str, name: str) -> None:
    label = Label(package, name)
    assert Label.parse(str(label)) == label
    assert Label.parse(f":{name}", package) == label
    assert LabelPattern.parse("//...").matches(label)
    assert LabelPattern.parse(f"//{package}:*").matches(label)
    assert LabelPattern.parse(f"//{package}/...").matches(label) or not package
    assert LabelPattern.parse(str(label)).matches(label)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("//modules/billing.api:api", Label("modules/billing.api", "api")),
        ("//modules/billing.api", Label("modules/billing.api", "billing.api")),
        (":x", Label("here", "x")),
        ("//:root", Label("", "root")),
    ],
)
def test_labels_and_their_short_forms(text: str, label: Label) -> None:
    assert Label.parse(text, "here") == label


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("foo", "a label starts with `//` or `:`"),
        ("/a:b", "a label starts with `//` or `:`"),
        ("//a/../b:c", "`a/../b` is no package"),
        ("//a//b:c", "`a//b` is no package"),
        ("///etc:c", "`/etc` is no package"),
        ("//a:b:c", "`b:c` is no target name"),
        ("//", "`` is no target name"),
        (":-x", "`-x` is no target name"),
        ("//a:b/c", "`b/c` is no target name"),
        ("//a:b\n", "`b\n` is no target name"),
    ],
)
def test_what_is_no_label(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Label.parse(text)
    assert str(caught.value) == what


def test_patterns_keep_to_folders() -> None:
    below = LabelPattern.parse("//a/b/...")
    assert below.matches(Label("a/b", "x"))
    assert below.matches(Label("a/b/c", "x"))
    assert not below.matches(Label("a/bc", "x"))
    assert not below.matches(Label("a", "x"))
    assert not LabelPattern.parse("//a:all").matches(Label("a/b", "x"))
    with pytest.raises(ValueError, match=r"^`a/\.\.` is no package$"):
        LabelPattern.parse("//a/../...")
