"""The test images of largest input gradient, as in Fig. 7 of Bečková et al."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from outvoted.analysis.drawing import save, show
from outvoted.analysis.sweeps.opened import OpenedSweep
from outvoted.analysis.temperature.example import Example, class_name, images_of

_ACROSS, _DOWN = 8, 2
_LONGEST = 14  # letters that fit over an image


def draw_extreme(sweep: OpenedSweep, chosen: Example, path: Path) -> bool:
    """Draw the images of largest G(x) of one network with label, answer and G; tell if there were any."""
    finite = chosen.votes[np.isfinite(chosen.votes["gradient"].to_numpy(np.float64))]
    rows = finite.sort_values("gradient", ascending=False, kind="stable").head(_ACROSS * _DOWN)
    if rows.empty:
        return False
    figure = Figure(figsize=(1.35 * _ACROSS, 1.75 * _DOWN + 0.5), layout="constrained")
    panels = figure.subplots(_DOWN, _ACROSS).flat
    images = images_of(sweep, rows)
    for axes in panels:
        axes.set_axis_off()
    for axes, row, image in zip(figure.axes, rows.to_dict("records"), images, strict=False):
        show(axes, image)
        label, answer = class_name(sweep, row["label"]), class_name(sweep, row["predicted"])
        said = f"{label}, right" if row["label"] == row["predicted"] else f"{label} → {answer}"
        if len(said) > _LONGEST:
            said = said.replace(" → ", " →\n")
        axes.set_title(f"{said}\nG = {row['gradient']:.2g}", fontsize=8)
    median = float(finite["gradient"].median())
    figure.suptitle(
        f"Test images with the largest G(x), and label → answer ({chosen.name}; median of G: {median:.1g})",
        fontsize=10,
    )
    save(figure, path)
    return True
