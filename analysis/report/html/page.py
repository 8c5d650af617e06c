"""A whole report as one HTML file that needs nothing else: no network, no file beside it."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from outvoted.actors.runs.files import write_atomically
from outvoted.analysis.report.html.assets import asset
from outvoted.analysis.report.html.escaping import escape, json_block
from outvoted.analysis.report.html.parts import Page, Part, Picture, Plot, Section, Table, Widget
from outvoted.analysis.report.html.plots import plot_html, plotly_script
from outvoted.analysis.report.html.tables import table_html

_SIMULATED = "Some of this rests on simulated labellers, not on people: the sections are marked."


def write_page(page: Page, path: Path) -> None:
    """Write a page, all of it or nothing.

    Raises:
        OutvotedError: the disk refuses.
        OSError: a picture of the page cannot be read.
    """
    text = page_html(page)
    write_atomically(path, lambda partial: partial.write_text(text, "utf-8", errors="replace"))


def page_html(page: Page) -> str:
    """Return a page as HTML. Its policy allows it the scripts that are in it, and no request at all."""
    parts = [part for section in page.sections for part in section.parts]
    widgets = [part for part in parts if isinstance(part, Widget)]
    scripts = [asset("theme.js"), *_libraries(parts), *_widget_scripts(widgets), asset("page.js")]
    styles = [asset("page.css"), *dict.fromkeys(widget.style for widget in widgets)]
    first, *others = (f"<script>{script}</script>" for script in scripts)
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escape(page.title)}</title>",
            *(f"<style>{style}</style>" for style in styles if style),
            first,  # the theme, before anything is painted
            "</head><body>",
            *_body(page),
            *others,
            "</body></html>\n",
        ]
    )


def _libraries(parts: Sequence[Part]) -> list[str]:
    return [plotly_script()] if any(isinstance(part, Plot) for part in parts) else []


def _widget_scripts(widgets: Sequence[Widget]) -> list[str]:
    """Return each different script once, as a function under the name of its hash."""
    scripts = dict.fromkeys(widget.script for widget in widgets if widget.script)
    return [f'outvoted.widgets["{_name(text)}"]=function(element,data){{{text}\n}};' for text in scripts]


def _name(script: str) -> str:
    return hashlib.sha256(script.encode()).hexdigest()[:16]


def _policy(scripts: Sequence[str]) -> str:
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _body(page: Page) -> Iterator[str]:
    simulated = any(section.simulated for section in page.sections)
    yield '<a class="skip" href="#content">Skip to the content</a><header class="top"><div>'
    yield f"<h1>{escape(page.title)}</h1></div>"
    yield '<button type="button" id="theme" hidden>Dark</button></header>'
    yield from (
        f'<p class="notice" role="note">{escape(notice)}</p>'
        for notice in (page.notice, _SIMULATED if simulated else "")
        if notice
    )
    yield '<div class="columns"><nav aria-label="Sections"><ul>'
    for number, section in enumerate(page.sections):
        yield f'<li><a href="#section-{number}">{escape(section.title)}</a></li>'
    yield '</ul></nav><main id="content" tabindex="-1">'
    yield from _overview(page)
    for number, section in enumerate(page.sections):
        yield from _section(section, number)
    yield "</main></div>"


def _overview(page: Page) -> Iterator[str]:
    if page.headlines:
        cards = (
            f"<div><dt>{escape(what)}</dt><dd>{escape(figure)}</dd></div>" for figure, what in page.headlines
        )
        yield f'<dl class="headlines">{"".join(cards)}</dl>'
    if page.facts:
        rows = (f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in page.facts)
        yield f'<dl class="facts">{"".join(rows)}</dl>'


def _section(section: Section, number: int) -> Iterator[str]:
    badge = ' <span class="badge">simulated</span>' if section.simulated else ""
    yield f'<section id="section-{number}" aria-labelledby="heading-{number}">'
    yield f'<h2 id="heading-{number}">{escape(section.title)}{badge}</h2>'
    if section.text:
        yield f"<p>{escape(section.text)}</p>"
    for index, part in enumerate(section.parts):
        yield _part(part, f"part-{number}-{index}")
    yield "</section>"


def _part(part: Part, identifier: str) -> str:
    match part:
        case Table():
            return table_html(part)
        case Plot():
            return plot_html(part, identifier)
        case Picture():
            return _picture(part)
        case Widget():
            return _widget(part, identifier)


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.path.read_bytes()).decode()
    caption = f"<figcaption>{escape(picture.caption)}</figcaption>" if picture.caption else ""
    alternative = escape(picture.caption or picture.path.stem)
    return (
        f'<figure class="picture"><img alt="{alternative}" src="data:image/png;base64,{data}">'
        f"{caption}</figure>"
    )


def _widget(widget: Widget, identifier: str) -> str:
    if not widget.script:
        return f'<div class="widget">{widget.html}</div>'
    return (
        f'<div class="widget" data-widget="{_name(widget.script)}" data-values="{identifier}-data">'
        f"{widget.html}</div>{json_block(f'{identifier}-data', widget.data)}"
    )
