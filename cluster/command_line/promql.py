"""Expressions for Prometheus, in which metrics go by the names they have in code."""

import re

from outvoted.actors.runs.metrics import METRICS

_MENTIONED = re.compile(r"<(\w+?)(_bucket)?(?:\|([^>]*))?>")


def promql(template: str, chosen: str = "") -> str:
    """Return an expression: ``<searches>`` becomes the full name of the metric.

    Args:
        template: the expression. ``<searches|outcome="failed">`` takes only some series,
            ``<shard_seconds_bucket>`` the buckets of a histogram.
        chosen: what selects series of every metric.

    Raises:
        KeyError: there is no such metric.
    """

    def named(found: re.Match[str]) -> str:
        matchers = ", ".join(each for each in (chosen, found[3]) if each)
        return METRICS[found[1]].scraped + (found[2] or "") + (f"{{{matchers}}}" if matchers else "")

    return _MENTIONED.sub(named, template)
