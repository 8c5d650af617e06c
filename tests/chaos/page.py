"""`python -m tests.chaos.page`: write the table of docs/reliability.md from what was recorded.

`python -m tests.chaos.page OUTCOMES` takes these outcomes as the record first.
"""

import re
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.faults import FAULTS
from tests.chaos.outcomes import Outcome, read

RECORD = Path(__file__).with_name("recorded.jsonl")
PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- chaos: begin -->", "<!-- chaos: end -->"
_OF_HERE = (
    (re.compile(r"(?<!\w)/[\w.-]+/[\w./-]*[\w/-]"), "RUN"),
    (re.compile(r"\b\d+\.\d+\.\d+\.\d+\b"), "ADDRESS"),
    (re.compile(r"process \d+ on \S+, since [\d: -]+UTC"), "process NUMBER on HOST, since TIME"),
)
"""What is true of one machine only, and what stands for it."""
_LONGEST = 150
_SAYING = "warning", "Interrupted", "found:"


def table(outcomes: Sequence[Outcome]) -> str:
    """Return a sentence on all outcomes, a table with a line for each fault, and those that lack."""
    head = (
        "| fault | times | went on | recovery, s | silence, s | lost | doubled | differing | what is said |"
    )
    lines, lacking = [head, "|---|" + "--:|" * 7 + "---|"], []
    for name in (fault.name for fault in FAULTS):
        some = [outcome for outcome in outcomes if outcome.fault == name]
        if some:
            lines.append(_line(name, some))
        else:
            lacking.append(name)
    missed = ["", f"Not struck so far: {'; '.join(lacking)}."] if lacking else []
    return "\n".join([_sentence(outcomes), "", *lines, *missed])


def _sentence(outcomes: Sequence[Outcome]) -> str:
    struck = [outcome for outcome in outcomes if outcome.fault != "nothing"]
    hosts = sum(outcome.machines == "hosts" for outcome in struck)
    runs = len({(outcome.machines, outcome.seed, *outcome.codes) for outcome in struck})
    wrong = sum(outcome.wrong for outcome in struck)
    hung = len({(outcome.machines, outcome.seed) for outcome in struck if outcome.hung})
    said = f"{len(struck)} faults in {runs} runs, {hosts} on hosts and {len(struck) - hosts} on one machine. "
    said += f"{len(struck) - wrong} ended with the rows of the undisturbed run, {wrong} did not. "
    days = sorted({outcome.day for outcome in struck} - {""})
    said += f"In {hung} runs a command recorded nothing for so long that it was ended."
    return said + (f" Struck on {' and '.join(days)}." if days else "")


def _line(name: str, some: Sequence[Outcome]) -> str:
    went_on, hung = sum(outcome.went_on for outcome in some), sum(outcome.hung for outcome in some)
    recoveries = [outcome.recovery for outcome in some if outcome.recovery is not None]
    cells = [
        name,
        str(len(some)),
        f"{went_on}, {hung} hung" if hung else str(went_on),
        _range(recoveries),
        f"{max(outcome.silence for outcome in some):.0f}",
        *(str(sum(getattr(outcome, key) for outcome in some)) for key in ("lost", "doubled", "differing")),
        _told(some),
    ]
    return f"| {' | '.join(cells)} |"


def _range(values: Sequence[float]) -> str:
    """Return the median, and the largest where there are several."""
    if not values:
        return "never"
    middle, most = round(statistics.median(values)), round(max(values))
    return f"{middle}" if middle == most else f"{middle} (at most {most})"


def _told(some: Sequence[Outcome]) -> str:
    """Return what most of the commands said first, where no other fault had struck meanwhile."""
    said = Counter(_first(outcome.told) for outcome in some if outcome.told is not None)
    if not said:
        return "–"
    most = max(said, key=lambda sentence: (said[sentence], bool(sentence)))
    return most.replace("|", "\\|") or "nothing"


def _first(told: Sequence[str]) -> str:
    found = [line for line in told if line.startswith(_SAYING) or "joined" in line]
    plain = _anywhere(found[0]) if found else ""
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"


def _anywhere(line: str) -> str:
    for here, anywhere in _OF_HERE:
        line = here.sub(anywhere, line)
    return line


def _kept(outcome: Outcome) -> Outcome:
    told = None if outcome.told is None else [_anywhere(line) for line in outcome.told]
    return outcome.model_copy(update={"told": told})


def written(page: str, outcomes: Sequence[Outcome]) -> str:
    """Return the page with the table of these outcomes."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table(outcomes)}\n{END}{after}"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        found = [_kept(outcome).model_dump_json() for outcome in read(Path(sys.argv[1]))]
        RECORD.write_text("".join(f"{line}\n" for line in found))
    PAGE.write_text(written(PAGE.read_text(), read(RECORD)))
