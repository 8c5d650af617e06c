"""A whole report as one HTML file that needs nothing else: no network, no file beside it."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import yaml
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from outvoted.actors.runs.files import write_atomically
from outvoted.actors.runs.run_folder import RunRecord, State
from outvoted.analysis.report.report import OnStep, Part, Plot, Report, Section, Widget
from outvoted.analysis.report.templating import asset, rendered

_SIMULATED = "Some results rest on simulated labellers rather than people; those sections are marked."
_SHORT = 12  # of a fingerprint's digits


@dataclass(frozen=True)
class Page:
    """A whole report.

    Attributes:
        facts: what was run, in a few words each: (name, value).
        headlines: the figures to see first: (figure, what it is).
        notice: what a reader must know before anything else, say that the run is not finished.
    """

    title: str
    facts: Sequence[tuple[str, str]] = ()
    headlines: Sequence[tuple[str, str]] = ()
    sections: Sequence[Section] = ()
    notice: str = ""


def page(record: RunRecord, report: Report, on_step: OnStep = lambda done, of: None) -> Page:
    """Return a run's page: what was run, its headlines and sections, and its configuration at the end."""
    return Page(
        title=f"{record.name}: outvoted {record.command}",
        facts=[*_facts(record), *report.facts],
        headlines=report.headlines,
        sections=(*report.sections(on_step), _configuration(record)),
        notice=_notice(record),
    )


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
    simulated = any(section.simulated for section in page.sections)
    return rendered(
        "page.html",
        page=page,
        policy=Markup(_policy(scripts)),
        notices=[notice for notice in (page.notice, _SIMULATED if simulated else "") if notice],
        scripts=list(map(Markup, scripts)),  # the product's own
        styles=[Markup(style) for style in styles if style],
    )


def _libraries(parts: Iterable[Part]) -> list[str]:
    return [_plotly()] if any(isinstance(part, Plot) for part in parts) else []


@cache
def _plotly() -> str:
    """Return Plotly's own script, fit to stand between script tags."""
    script: str = get_plotlyjs()
    return script.replace("\r\n", "\n").replace("</script", "<\\/script")


def _widget_scripts(widgets: Iterable[Widget]) -> list[str]:
    """Return each different script once, as a function under its name."""
    scripts = {widget.name: widget.script for widget in widgets if widget.script}
    return [
        f'outvoted.widgets["{name}"]=function(element,data){{{text}\n}};' for name, text in scripts.items()
    ]


def _policy(scripts: Sequence[str]) -> str:
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _facts(record: RunRecord) -> list[tuple[str, str]]:
    """Say what was run, on what, when and with which versions."""
    found = [
        ("Command", f"outvoted {record.command}"),
        ("State", str(record.state)),
        ("Started", _time(record.created_at)),
        ("Last updated", _time(record.updated_at)),
    ]
    if record.data is not None:
        data = record.data
        found.append(("Data", f"{data.name}: {data.train:,} for training, {data.test:,} for testing"))
        found.append(("Data SHA-256", f"{data.fingerprint[:_SHORT]}…"))
    if record.panel_fingerprint is not None:
        found.append(("Panel SHA-256", f"{record.panel_fingerprint[:_SHORT]}…"))
    found.append(("Versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())))
    return found


def _notice(record: RunRecord) -> str:
    if record.state == State.FINISHED:
        return ""
    reason = f" ({record.message})" if record.message else ""
    then = f"{record.state}{reason} when last updated, {_time(record.updated_at)}"
    return f"Not finished: this run was {then}. The page shows what it had recorded by then."


def _configuration(record: RunRecord) -> Section:
    text = yaml.safe_dump(record.config, sort_keys=False, allow_unicode=True)
    return Section("Configuration", parts=(Widget(rendered("settings.html", settings=text)),))


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzname() or 'UTC'}"
