"""The page of a run: what its kind has to say, with what was run around it."""

from datetime import datetime

import yaml

from outvoted.actors.runs.run_record import RunRecord, State
from outvoted.analysis.report.html.escaping import escape
from outvoted.analysis.report.html.parts import Page, Section, Widget
from outvoted.analysis.report.html.told import Told

_SHORT = 12  # of a fingerprint's digits


def page_of(record: RunRecord, told: Told) -> Page:
    """Return a run's page: what was run, its headlines and sections, and its configuration at the end."""
    return Page(
        title=f"{record.name}: outvoted {record.kind}",
        facts=facts(record),
        headlines=told.headlines,
        sections=(*told.sections, _configuration(record)),
        notice=_notice(record),
    )


def facts(record: RunRecord) -> list[tuple[str, str]]:
    """Say what was run, on what, when and with which versions."""
    found = [
        ("Command", f"outvoted {record.kind}"),
        ("State", str(record.state)),
        ("Begun", _time(record.created_at)),
        ("Last written", _time(record.updated_at)),
    ]
    if record.data is not None:
        data = record.data
        found.append(("Data", f"{data.name}: {data.train:,} for training, {data.test:,} for testing"))
        found.append(("Data's SHA-256", f"{data.fingerprint[:_SHORT]}…"))
    if record.panel_fingerprint is not None:
        found.append(("Panel's SHA-256", f"{record.panel_fingerprint[:_SHORT]}…"))
    for name, seconds in (("Mining", record.seconds_mining), ("Scanning", record.seconds_scanning)):
        if seconds:
            found.append((name, f"{seconds:,.1f} s"))
    found.append(("Versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())))
    return found


def _notice(record: RunRecord) -> str:
    if record.state == State.FINISHED:
        return ""
    reason = f" ({record.message})" if record.message else ""
    then = f"{record.state}{reason} when it last wrote, {_time(record.updated_at)}"
    return f"Not finished: this run was {then}. Shown is what it had recorded."


def _configuration(record: RunRecord) -> Section:
    text = yaml.safe_dump(record.config, sort_keys=False, allow_unicode=True)
    markup = f"<details><summary>Every setting of this run</summary><pre>{escape(text)}</pre></details>"
    return Section("Configuration", parts=(Widget(markup),))


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzname() or 'UTC'}"
