"""`python docs/pictures.py`: the pictures of docs/experiments.md that are drawn from docs/data."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from outvoted.analysis.report.claims import monotonic
from outvoted.analysis.report.drawing import COLOURS, PEERS, TARGET, plain, save
from outvoted.analysis.report.numbers import Proportion, Spread
from outvoted.analysis.studies.boundary.figures import draw_types
from outvoted.analysis.studies.boundary.groups import Type
from outvoted.analysis.sweeps.outvoted_settings import MiningReport, draw_outvoted

DATA, IMAGES = Path("docs/data"), Path("docs/images")


def main() -> None:
    """Draw them all."""
    draw_types(boundary(), IMAGES / "boundary-types.png")
    draw_outvoted(mined(), IMAGES / "outvoted-mnist.png")
    draw_temperature(pd.read_csv(DATA / "temperature.csv"), IMAGES / "temperature.png")


def boundary() -> Any:
    """Return what is known of groups of networks over seeds."""
    rows = pd.read_csv(DATA / "boundary-seeds.csv").to_dict("records")
    seeds = [
        SimpleNamespace(
            family=row["network"],
            target=row["test accuracy"] / 100,
            size=10,
            repeats=row["groups"],
            shares={kind: _spread(row, f"type {kind}") for kind in (Type.A, Type.C)},
        )
        for row in rows
    ]
    families = list(dict.fromkeys(one.family for one in seeds))
    return SimpleNamespace(simulated=True, people=True, seeds=seeds, families=families)


def _spread(row: dict[str, Any], name: str) -> Spread:
    std = row[f"{name} ±"]
    return Spread(row[name] / 100, None if np.isnan(std) else std / 100)


def mined() -> MiningReport:
    """Return how often networks of each temperature are outvoted, on MNIST."""
    robust = pd.read_csv(DATA / "temperature.csv").set_index(["data", "T"])
    rows = pd.read_csv(DATA / "temperature-mined.csv").query("data == 'mnist'").to_dict("records")
    settings: list[Any] = []
    for row in rows:
        ends = (row[name] / 100 for name in ("outvoted", "outvoted, lower", "outvoted, upper"))
        temperature = f"T = {row['T']}"
        figure = _spread(dict(robust.loc["mnist", row["T"]]), "robust against FGSM, epsilon 0.1")
        settings.append(SimpleNamespace(setting=temperature, success=Proportion(0, 0, *ends), figure=figure))
    relation = monotonic([row["robust against FGSM"] for row in rows], [row["outvoted"] for row in rows])
    return MiningReport("mnist", 0.1, tuple(settings), relation)


def draw_temperature(rows: pd.DataFrame, path: Path) -> None:
    """Draw what FGSM and a few changed pixels do to networks of each temperature, mean over three seeds."""
    figure = Figure(figsize=(9.6, 6.4), layout="constrained")
    figure.suptitle("Below T = 1: the lower T, the more attacks a network withstands", fontsize=11)
    grid = figure.subplots(2, 2, sharex=True, sharey="row")
    for (above, below), (name, some) in zip(grid.T, rows.groupby("data", sort=False), strict=True):
        above.set_title(name, fontsize=10)
        _line(above, some, "test accuracy", "no attack", "x:", "black")
        _line(above, some, "robust against FGSM, epsilon 0.1", "under FGSM, ε = 0.1", "o-", TARGET)
        for pixels, style, colour in ((3, "^-", TARGET), (2, "s--", COLOURS[0]), (1, "o:", PEERS)):
            label = f"at most {pixels} changed pixel{'s' * (pixels > 1)}"
            _line(below, some, f"fooled by {pixels} pixel{'s' * (pixels > 1)}", label, style, colour)
        below.set_xlabel("temperature T", fontsize=9)
        below.set_xticks(range(len(some)), some["T"], rotation=45)
    grid[0, 0].set_ylabel("test images classified correctly, %", fontsize=9)
    grid[1, 0].set_ylabel("correctly classified images fooled, %", fontsize=9)
    for axes in grid[:, 0]:
        axes.legend(fontsize=8.5, frameon=False)
        axes.set_ylim(bottom=0)
    save(figure, path)


def _line(axes: Axes, rows: pd.DataFrame, column: str, label: str, style: str, colour: str) -> None:
    deviation = rows.get(f"{column} ±", pd.Series(0.0, rows.index))
    drawn: dict[str, Any] = {"fmt": style, "ms": 4, "lw": 1.3, "capsize": 2, "color": colour, "label": label}
    axes.errorbar(range(len(rows)), rows[column], deviation, **drawn)
    plain(axes)


if __name__ == "__main__":
    main()
