"""The configurations of all commands, and which command a file is meant for."""

from collections.abc import Mapping
from typing import Any

from outvoted.cluster.jobs.compare import CompareConfig
from outvoted.cluster.jobs.heal import HealConfig
from outvoted.cluster.jobs.mine import MineConfig
from outvoted.cluster.jobs.scan import ScanConfig
from outvoted.cluster.jobs.study import StudyConfig
from outvoted.cluster.jobs.sweep import SweepConfig
from outvoted.search.settings import Settings

FORMS: dict[str, type[Settings]] = {
    "mine": MineConfig,
    "compare": CompareConfig,
    "heal": HealConfig,
    "scan": ScanConfig,
    "sweep": SweepConfig,
    "study": StudyConfig,
}
"""By command; a file with keys that fit several is the first one's."""
MINIMAL: dict[str, tuple[str, ...]] = {
    "mine": ("data: {name: mnist-sample}", "search: {per_target: 100}"),
    "compare": ("data: {name: mnist-sample}", "search: {per_target: 100}"),
    "heal": ("data: {name: mnist-sample}", "search: {per_target: 100}"),
    "scan": ("data: {name: mnist-sample}", "scan: {source: {kind: folder, path: FOLDER}}"),
    "sweep": (
        "data: {name: mnist-sample}",
        "experiment: {kind: temperature, network: {kind: mlp, activation: sigmoid}}",
    ),
    "study": ("data: {name: mnist-sample}", "study: {kind: morphs}"),
}
"""The lines of a small configuration for each command."""


def command_of(form: type[Settings]) -> str | None:
    """Name the command whose configuration a class is."""
    return next((name for name, known in FORMS.items() if known is form), None)


def meant_for(values: Mapping[Any, Any], form: type[Settings]) -> str | None:
    """Name the other command that keys were written for, if they don't fit ``form``."""
    if _fits(values, form) or command_of(form) is None:
        return None
    for name, other in FORMS.items():
        if _fits(values, other):
            return name
    for name, other in FORMS.items():
        if _required(other) - form.model_fields.keys() and _required(other) <= values.keys():
            return name
    return None


def _fits(values: Mapping[Any, Any], form: type[Settings]) -> bool:
    return _required(form) <= values.keys() <= form.model_fields.keys()


def _required(form: type[Settings]) -> set[str]:
    return {name for name, field in form.model_fields.items() if field.is_required()}
