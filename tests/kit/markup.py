"""HTML as a browser would take it apart."""

from __future__ import annotations

from html.parser import HTMLParser

Element = tuple[str, dict[str, str]]


class Markup(HTMLParser):
    """The elements of a text in their order, and what else is neither element nor text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.other: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    def handle_decl(self, decl: str) -> None:
        self.other.append(decl)

    def handle_pi(self, data: str) -> None:
        self.other.append(data)

    def all_of(self, *tags: str) -> list[dict[str, str]]:
        """The attributes of all elements with these names."""
        return [attributes for tag, attributes in self.elements if tag in tags]
