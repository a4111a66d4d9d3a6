"""Markdown that anybody may have written becomes HTML that does nothing: no script, no style, nothing from elsewhere.

Twice over: the renderer makes no HTML but its own, and what it makes is sanitised against a short list besides.
Headings go below those of the page. Pictures are links, since to load one would tell another server who reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token
from markupsafe import Markup

from packaging_targets.adapters.http.pages.showing.words import seen

FIRST_LEVEL, LAST_LEVEL = 3, 6
"""The levels of a readme's headings: the page's name is h1, and what stands over the readme h2."""
PREFIX = "readme-"
"""What stands before the anchors of a readme, so that none is one of the page."""

_ALIGNED = re.compile(r"text-align:(left|center|right)")
_ANCHOR = re.compile(rf"{PREFIX}[\w-]{{1,80}}")
_NO_WORD = re.compile(r"[^\w -]+")
_SCHEMES = {"http", "https", "mailto"}
_HEADINGS = tuple(f"h{level}" for level in range(FIRST_LEVEL, LAST_LEVEL + 1))
_TAGS = {*_HEADINGS, "p", "a", "code", "pre", "em", "strong", "s", "ul", "ol", "li", "blockquote", "hr", "br"}
_TAGS |= {"table", "thead", "tbody", "tr", "th", "td", "div"}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "ol": {"start"},
    "pre": {"tabindex"},
    "div": {"tabindex"},
    **{heading: {"id"} for heading in _HEADINGS},
}
_CLASSES = {"th": {"left", "center", "right"}, "td": {"left", "center", "right"}, "div": {"scroll"}}


def readme_html(text: str) -> Markup:
    """Return Markdown as HTML that can stand in a page below an h2."""
    parser = _parser()
    tokens = parser.parse(seen(text))
    _place_headings(tokens)
    for token in tokens:
        if token.children:
            token.children = list(_tamed(token.children))
        elif token.type in {"th_open", "td_open"}:
            _align(token)
    html = parser.renderer.render(tokens, parser.options, {})
    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        attribute_filter=_attribute,
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener",
    )
    return Markup(cleaned)  # noqa: S704  # nh3 has cleaned it


def safe_link(href: str) -> str:
    """Return where a link of somebody else may lead, or an empty text: elsewhere on the web, or a mailbox."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return ""
    if parts.scheme not in _SCHEMES or bool(parts.netloc) == (parts.scheme == "mailto"):
        return ""
    return href if href.isprintable() and not set(href) & set(' "<>\\') else ""


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.add_render_rule("fence", _code)
    parser.add_render_rule("code_block", _code)
    parser.add_render_rule("table_open", lambda *_: '<div class="scroll" tabindex="0"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser


def _code(_renderer: Any, tokens: Sequence[Token], at: int, *_: Any) -> str:
    return f'<pre tabindex="0"><code>{escapeHtml(tokens[at].content)}</code></pre>\n'


def _place_headings(tokens: Sequence[Token]) -> None:
    """Give each heading a level of the page, no deeper than one below the heading that it stands under."""
    above: list[int] = []
    known: dict[str, int] = {}
    for at, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        level = int(token.tag[1:])
        while above and above[-1] >= level:
            above.pop()
        above.append(level)
        tag = f"h{min(FIRST_LEVEL - 1 + len(above), LAST_LEVEL)}"
        token.tag = tokens[at + 2].tag = tag
        anchor = _slug("".join(child.content for child in tokens[at + 1].children or ()))
        known[anchor] = known.get(anchor, -1) + 1
        token.attrSet("id", f"{PREFIX}{anchor}-{known[anchor]}" if known[anchor] else f"{PREFIX}{anchor}")


def _slug(text: str) -> str:
    """Return the anchor of a heading, as forges make it."""
    return _NO_WORD.sub("", text.lower()).strip().replace(" ", "-")[:60] or "part"


def _tamed(children: Sequence[Token]) -> Iterator[Token]:
    """Yield what stands in a line without links that lead into the server, and with links for pictures."""
    linked = inside = False
    for token in children:
        if token.type == "link_open":
            href = _href(str(token.attrGet("href") or ""))
            linked, inside = bool(href), True
            if linked:
                token.attrSet("href", href)
                yield token
        elif token.type == "link_close":
            if linked:
                yield token
            linked = inside = False
        elif token.type == "image":
            yield from _picture(token, inside=inside)
        else:
            yield token


def _href(href: str) -> str:
    return f"#{PREFIX}{_slug(unquote(href[1:]))}" if href.startswith("#") else safe_link(href)


def _picture(token: Token, *, inside: bool) -> Iterator[Token]:
    text = Token("text", "", 0, content=token.content or "picture")
    source = safe_link(str(token.attrGet("src") or ""))
    if inside or not source or source.startswith("mailto:"):
        yield text
        return
    yield Token("link_open", "a", 1, attrs={"href": source})
    yield text
    yield Token("link_close", "a", -1)


def _align(token: Token) -> None:
    """Let a class say how a cell is aligned: styles of a page's own are not allowed."""
    found = _ALIGNED.fullmatch(str(token.attrs.pop("style", "")))
    if found:
        token.attrSet("class", found[1])


def _attribute(_tag: str, name: str, value: str) -> str | None:
    """Return the value of an attribute, or None where it is not one that the renderer above writes."""
    if name == "href":
        return value if value.startswith(f"#{PREFIX}") or safe_link(value) else None
    if name == "id":
        return value if _ANCHOR.fullmatch(value) else None
    if name == "tabindex":
        return value if value == "0" else None
    return value if name in {"title", "start", "class", "rel"} else None
