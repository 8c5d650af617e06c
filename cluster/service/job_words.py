"""What a command said at its end, in a user's words."""

import re

from outvoted.cluster.submitting.dashboard import JobSeen
from outvoted.cluster.submitting.logs import plain
from outvoted.search.errors import OutvotedError

_SAID = re.compile(r"expected: (.*?)\nfound:    (.*?)\nto do:    (.*?)(?:\n\S|\Z)", re.DOTALL)
_LONGEST = 2000


def refusal_in(said: str) -> OutvotedError | None:
    """Return the last error that a command has printed in the three sentences of all errors."""
    found = _SAID.findall(said)
    if not found:
        return None
    expected, wrong, remedy = (" ".join(part.split()) for part in found[-1])
    return OutvotedError(expected, wrong, remedy)


def explained_end(job: JobSeen) -> str | None:
    """Return why a job ended early, as the run's own last words say it, or Ray."""
    if job.state == "SUCCEEDED":
        return None
    if job.state == "STOPPED":
        return "stopped before it began"
    said = plain(job.said)
    refused = refusal_in(said)
    if refused is not None:
        return f"expected: {refused.expected}\nfound: {refused.found}\nto do: {refused.remedy}"[:_LONGEST]
    lines = [line for line in said.strip().splitlines() if line.strip()]
    return lines[-1][:_LONGEST] if lines else "it ended without a word"
