"""Drawings of the target graph: their exact text, and what holds for any graph."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import RequestError
from packaging_targets.model.label import Label
from packaging_targets.model.target import Target, Where
from packaging_targets.services.graph.drawing import FORMATS, render
from packaging_targets.services.graph.layout import ROW, lay_out
from packaging_targets.workspace.graph import TargetGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def graph_of(deps: Mapping[str, Iterable[str]], rule: str = "service") -> TargetGraph:
    nodes = {}
    for text, needs in deps.items():
        label = Label.parse(text)
        where = Where(f"{label.package}/TARGETS.toml", 3)
        nodes[label] = Target(label, rule, {}, tuple(map(Label.parse, needs)), where)
    return TargetGraph(nodes)


DIAMOND = graph_of({"//a": ["//c", "//b"], "//b": ["//d"], "//c": ["//d", "//e"], "//d": ["//e"], "//e": []})


def test_text_shows_a_shared_subtree_once() -> None:
    assert render(DIAMOND, DIAMOND) == (
        "//a:a  (service)\n"
        "├── //b:b  (service)\n"
        "│   └── //d:d  (service)\n"
        "│       └── //e:e  (service)\n"
        "└── //c:c  (service)\n"
        "    ├── //d:d  (service)  ↑ see above\n"
        "    └── //e:e  (service)\n"
    )


def test_a_drawing_shows_the_chosen_targets_and_what_is_between_them() -> None:
    chosen = [Label("a", "a"), Label("c", "c"), Label("e", "e")]
    assert render(DIAMOND, chosen) == ("//a:a  (service)\n└── //c:c  (service)\n    └── //e:e  (service)\n")
    assert render(DIAMOND, [Label("e", "e"), Label("a", "a")]) == "//a:a  (service)\n//e:e  (service)\n"


def test_text_shows_cycles_too_so_that_one_can_look_at_them() -> None:
    cycle = graph_of({"//a": ["//b"], "//b": ["//a"], "//s": ["//s"]})
    assert render(cycle, cycle) == (
        "//s:s  (service)\n"
        "└── //s:s  (service)  ↑ see above\n"
        "//a:a  (service)\n"
        "└── //b:b  (service)\n"
        "    └── //a:a  (service)  ↑ see above\n"
    )


def test_text_of_a_deep_chain_is_broken_and_goes_on_below() -> None:
    chain = graph_of({f"//m{at:04}": [f"//m{at + 1:04}"] if at < 2000 else [] for at in range(2001)})
    text = render(chain, chain)
    assert len(text) < 1_000_000
    assert text.splitlines()[100].endswith("└── //m0100:m0100  (service)  ↓ see below")
    assert text.splitlines()[101] == "//m0100:m0100  (service)"
    assert text.count("//m2000:m2000") == 1


def test_dot() -> None:
    assert render(graph_of({"//a": ["//b"], "//b": []}), [Label("b", "b"), Label("a", "a")], "dot") == (
        "digraph targets {\n"
        "  rankdir=LR;\n"
        '  node [shape=box, style="rounded,filled", fontname="Helvetica"];\n'
        '  "//a:a" [label="//a:a\\nservice", class="rule-service", fillcolor="0.000 0.15 1.000", '
        'tooltip="a/TARGETS.toml:3"];\n'
        '  "//b:b" [label="//b:b\\nservice", class="rule-service", fillcolor="0.000 0.15 1.000", '
        'tooltip="b/TARGETS.toml:3"];\n'
        '  "//a:a" -> "//b:b";\n'
        "}\n"
    )


def test_dot_quotes_what_a_rule_may_be_called() -> None:
    assert r'class="rule-a\"b\\c"' in render(graph_of({"//a": []}, 'a"b\\c'), [Label("a", "a")], "dot")


def test_json() -> None:
    text = render(graph_of({"//a": ["//b", "//b", "//gone"], "//b": []}), [Label("b", "b"), Label("a", "a")], "json")
    assert json.loads(text) == {
        "edges": [{"from": "//a:a", "to": "//b:b"}],
        "nodes": [
            {"label": "//a:a", "rule": "service", "where": "a/TARGETS.toml:3"},
            {"label": "//b:b", "rule": "service", "where": "b/TARGETS.toml:3"},
        ],
    }
    assert text.startswith('{\n  "edges": [\n    {\n      "from": "//a:a",\n')
    assert text.endswith("}\n")


def test_no_targets() -> None:
    assert render(DIAMOND, []) == ""
    assert render(DIAMOND, [], "json") == '{\n  "edges": [],\n  "nodes": []\n}\n'
    assert "0 targets, 0 dependencies" in render(DIAMOND, [], "html")


def test_an_unknown_format() -> None:
    with pytest.raises(RequestError) as caught:
        render(DIAMOND, [], "dott")
    assert str(caught.value) == (
        "error: there is no graph format `dott`\n  fix: did you mean `dot`?  (formats: dot, html, json, text)"
    )
    with pytest.raises(RequestError) as caught:
        render(DIAMOND, [], "pdf")
    assert str(caught.value) == ("error: there is no graph format `pdf`\n  fix: formats: dot, html, json, text")


# -- the page ----


class Page(HTMLParser):
    """What a page holds: its tags must nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.tags if found == tag]


def test_the_page_draws_each_target_and_dependency_and_says_them_in_a_table() -> None:
    text = render(DIAMOND, DIAMOND, "html")
    page = Page(text)
    svg = ET.fromstring(text[text.index("<svg") : text.index("</svg>") + 6])  # our own text
    name = "{http://www.w3.org/2000/svg}"
    assert [rect.attrib["rx"] for rect in svg.iter(f"{name}rect")] == ["6"] * 5
    assert len([path for path in svg.iter(f"{name}path") if "marker-end" in path.attrib]) == 6
    assert svg.attrib["role"] == "img"
    assert "The table says the same" in svg.attrib["aria-label"]
    assert "5 targets, 6 dependencies" in text
    rows = {attributes.get("id"): at for at, attributes in enumerate(page.every("tr"))}
    assert len(page.every("tr")) == 6
    assert all(str(link["href"])[1:] in rows for link in page.every("a"))
    assert len(page.every("a")) == 2 * 6
    assert len(page.every("caption")) == 1
    assert [cell["scope"] for cell in page.every("th")] == ["col"] * 5 + ["row"] * 5


def test_the_page_needs_nothing_from_elsewhere_and_follows_the_colour_scheme() -> None:
    text = render(DIAMOND, DIAMOND, "html")
    page = Page(text)
    assert {"script", "link", "img", "iframe"}.isdisjoint(tag for tag, _ in page.tags)
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text
    assert "@media (prefers-color-scheme: dark)" in text
    assert page.every("html") == [{"lang": "en"}]


def test_the_page_escapes() -> None:
    text = render(graph_of({"//a": []}, "<b>&\"'{x}"), [Label("a", "a")], "html")
    assert Page(text).every("b") == []
    assert text.count("&lt;b&gt;&amp;&quot;&#x27;{x}") == 3  # the legend, the drawing, the table


def test_a_large_graph_is_a_table_alone() -> None:
    flat = graph_of({f"//m{at}": [] for at in range(501)})
    assert "<svg" in render(flat, list(flat)[:500], "html")
    text = render(flat, flat, "html")
    assert "<svg" not in text
    assert "<p>This is too much to draw: choose at most 500 targets.</p>" in text
    assert len(Page(text).every("tr")) == 502


# -- any graph ----

NAMES = [f"//p{number}" for number in range(9)]
GRAPHS = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=4), min_size=1)


@given(GRAPHS, st.sampled_from(sorted(FORMATS)))
def test_the_order_of_targets_and_dependencies_changes_nothing(deps: dict[str, list[str]], form: str) -> None:
    acyclic = {name: [dep for dep in needs if dep > name] for name, needs in deps.items()}
    turned = {name: acyclic[name][::-1] for name in reversed(acyclic)}
    graph, other = graph_of(acyclic), graph_of(turned)
    assert render(graph, graph, form) == render(other, reversed(list(other)), form)


@given(GRAPHS)
def test_every_target_and_dependency_is_in_the_text(deps: dict[str, list[str]]) -> None:
    graph = graph_of(deps)
    lines = render(graph, graph).splitlines()
    heads = [line.lstrip("├└│─ ").partition(" ")[0] for line in lines if not line.endswith("see above")]
    assert sorted(set(heads)) == sorted(map(str, graph))
    edges = sum(len(set(node.deps) & graph.keys()) for node in graph.values())
    assert sum(line.startswith(("├", "└", "│", " ")) for line in lines) == edges


@given(GRAPHS)
def test_the_page_is_well_formed_for_any_graph(deps: dict[str, list[str]]) -> None:
    graph = graph_of(deps)
    assert len(Page(render(graph, graph, "html")).every("rect")) == len(graph)


@given(GRAPHS)
def test_cells_do_not_overlap_and_arrows_lead_to_the_right(deps: dict[str, list[str]]) -> None:
    graph = graph_of({name: [dep for dep in needs if dep > name] for name, needs in deps.items()})
    edges = {label: sorted({dep for dep in graph[label].deps if dep in graph}) for label in graph}
    layout = lay_out(graph.order(graph), edges)
    column = {cell: at for at, layer in enumerate(layout.layers) for cell in layer}
    assert {cell for cell in column if isinstance(cell, Label)} == set(graph)
    for layer in layout.layers:
        assert any(isinstance(cell, Label) for cell in layer)
        for upper, lower in pairwise(layer):
            room = (ROW if isinstance(upper, Label) else 18) / 2 + (ROW if isinstance(lower, Label) else 18) / 2
            assert layout.middles[lower] - layout.middles[upper] >= room - 1
        assert all(0 <= layout.middles[cell] <= layout.height for cell in layer)
    for way in layout.arrows:
        assert all(column[right] == column[left] + 1 for left, right in pairwise(way))


def test_a_chain_with_long_arrows_stays_small() -> None:
    names = [f"//m{at:03}" for at in range(400)]
    chain = graph_of(
        {name: [*names[at + 1 : at + 2], names[-1]] for at, name in enumerate(names[:-1])} | {names[-1]: []}
    )
    assert len(render(chain, chain, "html")) < 1_000_000


@pytest.mark.service
@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_draws_the_dot() -> None:
    graph = graph_of({"//a": ["//b"], "//b": [], "//b/x.y-z:n+1": ["//a"]}, 'odd "rule" \\n <b>')
    done = subprocess.run(
        ["dot", "-Tsvg"], input=render(graph, graph, "dot"), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    svg = ET.fromstring(done.stdout)  # Graphviz's own text
    titles = {title.text for title in svg.iter("{http://www.w3.org/2000/svg}title")}
    assert {"//a:a", "//b:b", "//b/x.y-z:n+1", "//a:a->//b:b", "//b/x.y-z:n+1->//a:a"} <= titles
    assert 'odd "rule" \\n <b>' in {text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")}
