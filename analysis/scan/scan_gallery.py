"""Pictures of a scan: each peer's clearest dissents."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from outvoted.actors.mining.scan_store import ScanStore
from outvoted.actors.runs import png
from outvoted.actors.runs.run_record import RunRecord
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.captions import caption
from outvoted.analysis.report.drawing import PEERS, TARGET, save, show

_WIDTH = 10
_NEITHER = "#777777"


def draw_dissents(run: OpenedRun, path: Path) -> None:
    """Draw each target's dissents of the largest margins: the consensus, then the target's answer.

    Where the true label is known, the title's colour says who is right.
    """
    scan, record = ScanStore(run.store.path), run.record
    names = [member.name for member in run.peers]
    dissents = scan.dissents()
    chosen = [dissents[dissents["target"] == index].head(_WIDTH) for index in range(len(names))]
    images = scan.images(pd.concat(chosen)["position"].to_numpy())
    figure = Figure(figsize=(1.05 * _WIDTH + 1.2, 1.25 * len(names) + 0.7), layout="constrained")
    figure.suptitle(_title(dissents), fontsize=10)
    axes = figure.subplots(len(names), _WIDTH, squeeze=False)
    for index, name in enumerate(names):
        axes[index, 0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        for column in range(_WIDTH):
            some = chosen[index].iloc[column : column + 1]
            _one(axes[index, column], some, images, record)
    save(figure, path)


def _title(dissents: pd.DataFrame) -> str:
    title = "Scanned images on which one network dissents, clearest first: the others' answer → its own"
    if not dissents["true_label"].notna().any():
        return title
    return f"{title}\nblue: the others are right; orange: the dissenter is right; grey: neither"


def _one(axes: Axes, row: pd.DataFrame, images: dict[int, bytes], record: RunRecord) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    if row.empty:
        return
    found = row.iloc[0]
    show(axes, png.decode(images[int(found["position"])]))
    colour = "black"
    if pd.notna(found["true_label"]):
        answers = {found["label"]: TARGET, found["predicted"]: PEERS}
        colour = answers.get(found["true_label"], _NEITHER)
    what = caption(record, int(found["label"]), int(found["predicted"]))
    axes.set_title(what, fontsize=8, color=colour, fontweight="bold")
