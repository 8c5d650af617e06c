"""A run's page says what was run and whether it is finished, for every kind of run."""

from dataclasses import replace

import pytest

from outvoted.actors.runs.run_folder import RunRecord, State
from outvoted.analysis.report.page import page, page_html
from outvoted.analysis.report.report import Report, Widget

NOTHING = Report({}, ())


def test_a_finished_run_has_no_notice(record: RunRecord) -> None:
    assert page(record, NOTHING).notice == ""


@pytest.mark.parametrize("state", [State.RUNNING, State.INTERRUPTED, State.FAILED])
def test_a_run_that_is_not_finished_is_marked(record: RunRecord, state: State) -> None:
    found = page(record.model_copy(update={"state": state, "message": "no <disk>"}), NOTHING)
    assert found.notice.startswith(f"Not finished: this run was {state} (no <disk>)")
    assert "no &lt;disk&gt;" in page_html(found)


def test_what_was_run_is_told(record: RunRecord) -> None:
    found = page(record, replace(NOTHING, facts=[("Mining", "12.5 s")]))
    told = dict(found.facts)
    assert told["Data"] == f"{record.data.name}: 800 for training, 300 for testing" if record.data else False
    assert told["Versions"] == "outvoted 0"
    assert told["Mining"] == "12.5 s"
    (section,) = found.sections
    (part,) = section.parts
    assert isinstance(part, Widget)
    assert "patience: 40" in part.markup


def test_settings_are_escaped(record: RunRecord) -> None:
    found = page(record.model_copy(update={"config": {"name": "</pre><b>"}}), NOTHING)
    assert "<b>" not in page_html(found)
