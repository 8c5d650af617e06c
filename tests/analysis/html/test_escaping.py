"""Text and values from data stay what they are within HTML."""

import json
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from outvoted.analysis.report.html.escaping import escape, json_block

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"))
"""Any text but what HTML itself rewrites."""


class Reader(HTMLParser):
    """Remembers tags, attributes and texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str | None] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [value for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@given(TEXT)
def test_escaped_text_is_the_text_and_opens_no_tag(text: str) -> None:
    read = Reader(f'<p title="{escape(text)}">{escape(text)}</p>')
    assert (read.tags, read.attributes, read.text) == (["p"], [text], text)


@given(TEXT | st.sampled_from(["</script><b>", "<!--<script>", "\u2028", "</SCRIPT >"]))
def test_a_data_block_is_not_ended_by_what_is_in_it(text: str) -> None:
    read = Reader(f"{json_block('x', {text: [text]})}<i></i>")
    assert read.tags == ["script", "i"]
    assert json.loads(read.text) == {text: [text]}
