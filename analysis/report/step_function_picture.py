"""Fits of a step from two training sets, side by side (Fan & Yezzi, Fig. 5)."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from outvoted.analysis.report.drawing import PEERS, TARGET, save
from outvoted.analysis.report.step_function import STEP, TRAINED, WHERE, Where

_COLOURS: dict[Where, str] = {"middle": TARGET, "ends": PEERS}
_TITLES: dict[Where, str] = {
    "middle": "trained on samples near the step",
    "ends": "trained on samples at both ends",
}


def draw_step_function(fits: pd.DataFrame, path: Path) -> None:
    """Draw a panel for each training set: a line for each fit, dashed the step, grey what it was trained on.

    What leaves the panels' height is cut off.
    """
    figure = Figure(figsize=(8.4, 3.4), layout="constrained")
    for axes, where in zip(figure.subplots(1, 2, sharey=True), WHERE, strict=True):
        for low, high in TRAINED[where]:
            axes.axvspan(low, high, color="#DDDDDD", linewidth=0)
        for _, fit in fits[fits["where"] == where].groupby("seed"):
            axes.plot(fit["x"], fit["fit"], color=_COLOURS[where], linewidth=1.3)
        places = np.array([0, STEP, STEP, 1])
        axes.plot(places, [0, 0, 1, 1], color="black", linewidth=1, linestyle="--")
        axes.set(xlim=(0, 1), ylim=(-0.75, 1.75), xlabel="x")
        axes.set_title(_TITLES[where], fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("fit")
    figure.supxlabel(
        "a line for each seed; dashed: the step; grey: where the training samples lie", fontsize=9
    )
    save(figure, path)
