"""`outvoted dashboard --alerts`: when somebody should look at a run, as rules for Prometheus."""

from dataclasses import dataclass

import yaml

from outvoted.cluster.command_line.promql import promql


@dataclass(frozen=True)
class Alert:
    """A rule.

    Attributes:
        when: the expression; one series for each run it is true of.
        lasting: for how long it must be.
        severity: `page` where nothing goes on without somebody, `ticket` where it goes on badly.
        says: what is wrong, and what to do.
    """

    name: str
    when: str
    lasting: str
    severity: str
    says: str


ALERTS = (
    Alert(
        "OutvotedStalled",
        "max by (run) (<idle_seconds>) > 300",
        "1m",
        "page",
        "{{ $labels.run }} has done nothing for {{ $value | humanizeDuration }}. `outvoted top` and its log "
        "say what it waits for; runs that train large networks may need a higher limit.",
    ),
    Alert(
        "OutvotedSearchesFail",
        'sum by (run) (rate(<searches|outcome="failed">[10m])) / sum by (run) (rate(<searches>[10m])) > 0.05',
        "5m",
        "ticket",
        "{{ $value | humanizePercentage }} of the searches of {{ $labels.run }} fail. The column `reason` of "
        "its searches says why; cluster.retry_failed=true runs them again once that is mended.",
    ),
    Alert(
        "OutvotedFindsNothing",
        "(sum by (run) (increase(<searches>[1h])) > 1000) "
        "unless on (run) (sum by (run) (increase(<mistakes>[1h])) > 0)",
        "10m",
        "ticket",
        "{{ $labels.run }} has made {{ $value | humanize }} searches within an hour and found no mistake: "
        "the realism budget may be too small, or the networks alike.",
    ),
    Alert(
        "OutvotedRestarts",
        "sum by (run) (increase(<restarts>[15m])) > 3",
        "0m",
        "ticket",
        "{{ $labels.run }} lost {{ $value | humanize }} cells or tasks within 15 minutes, which were begun "
        "again: look for a lack of memory, or machines that come and go.",
    ),
    Alert(
        "OutvotedDiskNearlyFull",
        "min by (run) (<disk_free_bytes> / <disk_bytes>) < 0.05",
        "5m",
        "page",
        "{{ $value | humanizePercentage }} of the disk of {{ $labels.run }} is free. A full disk ends the "
        "run; --resume continues it.",
    ),
)


def alerts() -> str:
    """Return the rules as YAML, which Prometheus reads as it is."""
    rules = [
        {
            "alert": alert.name,
            "expr": promql(alert.when),
            "for": alert.lasting,
            "labels": {"severity": alert.severity},
            "annotations": {"summary": alert.says},
        }
        for alert in ALERTS
    ]
    groups = {"groups": [{"name": "outvoted", "rules": rules}]}
    text: str = yaml.safe_dump(groups, sort_keys=False, width=100, allow_unicode=True)
    return text
