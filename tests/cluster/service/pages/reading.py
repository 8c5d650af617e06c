"""Pages as tests read them."""

from html.parser import HTMLParser
from urllib.parse import urljoin

_VOID = {"meta", "link", "input", "img", "br", "circle", "rect", "path", "image"}


class Read(HTMLParser):
    """Remembers elements: (tag, attributes, text within)."""

    def __init__(self, page: str, address: str = "/") -> None:
        super().__init__()
        self.page, self.address = page, address
        self.elements: list[tuple[str, dict[str, str], list[str]]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        text: list[str] = []
        self.elements.append((tag, {name: value or "" for name, value in attrs}, text))
        if tag not in _VOID:
            self._open.append((tag, text))

    def handle_endtag(self, tag: str) -> None:
        if any(tag == name for name, _ in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        for _, text in self._open:
            text.append(data)

    def all(self, tag: str, **wanted: str) -> list[tuple[dict[str, str], str]]:
        """Return elements with some attributes, each with its text."""
        named = {name.strip("_").replace("_", "-"): value for name, value in wanted.items()}
        return [
            (attributes, " ".join("".join(text).split()))
            for found, attributes, text in self.elements
            if found == tag and named.items() <= attributes.items()
        ]

    def links(self, within: str = "") -> list[str]:
        """Return where links lead that hold some text in their address."""
        return [
            urljoin(self.address, attributes["href"])
            for attributes, _ in self.all("a")
            if within in attributes["href"]
        ]


def inline(page: str) -> list[str]:
    """Return what the content security policy would not let run: scripts and styles within a page."""
    found = []
    for tag, attributes, _ in Read(page).elements:
        if tag == "style" or (tag == "script" and "src" not in attributes and "json" not in str(attributes)):
            found.append(tag)
        found += [name for name in attributes if name == "style" or name.startswith("on")]
        found += [value for value in attributes.values() if value.strip().lower().startswith("javascript:")]
    return found
