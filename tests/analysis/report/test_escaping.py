"""Text and values from data stay what they are within a page."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from outvoted.analysis.report.page import Page, page_html
from outvoted.analysis.report.report import Section, Widget
from outvoted.analysis.report.templating import rendered

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"))
"""Any text but what HTML itself rewrites."""
ENDS = st.sampled_from(["</script><b>", "<!--<script>", "\u2028", "</SCRIPT >", "{{ 7 * 7 }}", "{% endif %}"])


class Reader(HTMLParser):
    """Remembers tags, attributes and texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str | None] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [value for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def tags(text: str) -> list[str]:
    section = Section(text, text, simulated=True)
    return Reader(page_html(Page(text, [(text, text)], [(text, text)], [section], text))).tags


@given(TEXT | ENDS)
def test_text_opens_no_tag_wherever_it_stands(text: str) -> None:
    assert tags(f"x{text}") == tags("x")


@given(TEXT | ENDS)
def test_text_is_shown_as_it_is(text: str) -> None:
    read = Reader(rendered("gallery.html", what=text))
    assert text in read.attributes
    read = Reader(rendered("settings.html", settings=text))
    assert not text.strip() or text in "".join(read.texts)


def block(value: Any) -> str:
    return Widget(Markup(""), value, "script").html("x")


@given(TEXT | ENDS)
def test_a_data_block_is_not_ended_by_what_is_in_it(text: str) -> None:
    read = Reader(f"{block({text: [text]})}<i></i>")
    assert read.tags == ["div", "script", "i"]
    assert json.loads(next(said for said in read.texts if said.strip())) == {text: [text]}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_data_block_holds_no_number_that_json_has_no_word_for(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        block([value])
