"""Markdown of others becomes HTML that does nothing."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markup import Markup

from packaging_targets.adapters.http.pages.showing.readme import readme_html, safe_link

TAGS = {"p", "a", "code", "pre", "em", "strong", "s", "ul", "ol", "li", "blockquote", "hr", "br", "div"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td", "h3", "h4", "h5", "h6"}
ATTRIBUTES = {"href", "title", "rel", "start", "tabindex", "id", "class"}
CLASSES = {"left", "center", "right", "scroll"}


def assert_tame(html: str) -> None:
    read = Markup(html)
    assert read.other == []
    for tag, attributes in read.elements:
        assert tag in TAGS
        assert attributes.keys() <= ATTRIBUTES, (tag, attributes)
        assert attributes.get("class", "left") in CLASSES
        assert attributes.get("id", "readme-x").startswith("readme-")
        href = attributes.get("href")
        if href is not None:
            assert href.startswith("#readme-") or urlsplit(href).scheme in {"http", "https", "mailto"}, href
            assert attributes["rel"] == "nofollow noopener"


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<style>*{display:none}</style>",
    "<iframe src=javascript:alert(1)>",
    '<a href="javascript:alert(1)" onclick="x()">x</a>',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<!--><img src=x onerror=alert(1)>-->",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](java&#x09;script:alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](<java script:alert(1)>)",
    "[x](vbscript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](file:///etc/passwd)",
    "[x](//evil.example)",
    "[x](\\\\evil.example)",
    "[x](/browse/sign-out)",
    "[x](https:evil)",
    '[x](https://a.example "\\" onmouseover=alert(1) ")',
    "[x](https://a.example'onmouseover='alert(1))",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    '![x" onerror="alert(1)](https://a.example/x.png)',
    "[![x](javascript:alert(1))](javascript:alert(2))",
    "```\n</code></pre><script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    '# x" onmouseover="alert(1)',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "[x](https://user:pass@evil.example\u202egpj.exe)",
    "<a href='https://a.example' style='position:fixed'>x</a>",
    '<p id="main" class="notice good">signed</p>',
    "<form action=https://evil.example><input name=csrf>",
    "<base href=https://evil.example>",
    "<meta http-equiv=refresh content=0;url=https://evil.example>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_would_do_something_is_text(text: str) -> None:
    assert_tame(readme_html(text))


MARKS = st.sampled_from(
    [
        *"<>[]()!`*_#|&;:/\\\"'= \n\t-",
        "javascript:",
        "https://a.example",
        "<script>",
        "onerror=",
        "&#x6a;",
        "\u202e",
        "\0",
    ]
)


@given(st.lists(st.one_of(MARKS, st.text(max_size=4), st.sampled_from(HOSTILE)), max_size=30).map("".join))
def test_whatever_is_written_is_tame(text: str) -> None:
    assert_tame(readme_html(text))


def test_what_turns_the_direction_of_writing_is_shown() -> None:
    assert readme_html("a\u202eb \u200bc") == "<p>a[U+202E]b [U+200B]c</p>\n"


def test_what_belongs_between_letters_stays() -> None:
    assert readme_html("👩\u200d💻 \u0645\u06cc\u200c\u062e") == "<p>👩\u200d💻 \u0645\u06cc\u200c\u062e</p>\n"


def test_headings_stand_below_those_of_the_page_and_leave_no_level_out() -> None:
    read = Markup(readme_html("### deep\n# high\n#### far\n## low\n# again\n"))
    assert [(tag, found["id"]) for tag, found in read.elements] == [
        ("h3", "readme-deep"),
        ("h3", "readme-high"),
        ("h4", "readme-far"),
        ("h4", "readme-low"),
        ("h3", "readme-again"),
    ]


def test_six_levels_are_all_that_there_are() -> None:
    read = Markup(readme_html("".join(f"{'#' * level} x\n" for level in range(1, 7))))
    assert [tag for tag, _ in read.elements] == ["h3", "h4", "h5", "h6", "h6", "h6"]
    assert [found["id"] for _, found in read.elements][:2] == ["readme-x", "readme-x-1"]


def test_links_lead_to_the_web_to_mailboxes_and_within() -> None:
    html = readme_html("# On *top*\n[a](#on-top) [b](https://a.example/x?y#z) <mailto:a@b.example> [c](docs/x.md)")
    hrefs = [found["href"] for tag, found in Markup(html).elements if tag == "a"]
    assert hrefs == ["#readme-on-top", "https://a.example/x?y#z", "mailto:a@b.example"]
    assert " c</p>" in html


def test_pictures_are_links_and_nothing_is_loaded() -> None:
    rel = 'rel="nofollow noopener"'
    assert (
        readme_html("![a cat](https://a.example/cat.png)")
        == f'<p><a href="https://a.example/cat.png" {rel}>a cat</a></p>\n'
    )
    assert (
        readme_html("[![](https://a.example/b.svg)](https://c.example)")
        == f'<p><a href="https://c.example" {rel}>picture</a></p>\n'
    )
    assert readme_html("![here](docs/x.png)") == "<p>here</p>\n"


def test_tables_can_be_scrolled_with_the_keyboard_and_are_aligned_by_classes() -> None:
    html = readme_html("| a | b |\n|:-:|--:|\n| 1 | 2 |")
    assert html.startswith('<div class="scroll" tabindex="0"><table>')
    assert '<td class="center">1</td>\n<td class="right">2</td>' in html
    assert "style" not in html


def test_code_is_as_it_was_written() -> None:
    assert readme_html("```sh\na < b && c\n```") == '<pre tabindex="0"><code>a &lt; b &amp;&amp; c\n</code></pre>\n'


@pytest.mark.parametrize(
    "part", ["[", "![", "](", "a**b", "* a\n", "> ", "`a", "<a ", "_a __b *", "[![", "|x|\n", "&#"]
)
def test_no_readme_takes_long(part: str) -> None:
    began = time.process_time()
    readme_html(part * (8_192 // len(part)))
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("href", "safe"),
    [
        ("https://a.example/x", True),
        ("http://a.example", True),
        ("mailto:a@b.example", True),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("https:a.example", False),
        ("//a.example", False),
        ("https://[", False),
        ("https://a.example/\u202e", False),
        ('https://a.example/"', False),
        ("", False),
    ],
)
def test_links_of_others_are_looked_at(href: str, safe: bool) -> None:
    assert safe_link(href) == (href if safe else "")
