"""Pictures of a scan: each peer's clearest dissents, and the checkerboard of Baluja et al., Figs. 2-4."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from outvoted.actors.data.checkerboard import Checkerboard, GridSource
from outvoted.actors.data.datasets import Split
from outvoted.actors.mining.scan_store import ScanStore
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import voter
from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunRecord
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import COLOURS, PEERS, TARGET, caption, save, show
from outvoted.search.arrays import AnyArray, Ints

_WIDTH = 10
_CORRECT = " ✓"


def draw_dissents(run: OpenedRun, path: Path) -> None:
    """Draw each target's dissents of the largest margins: the consensus, then the target's answer.

    A network that never dissents has no line, but is named below.

    Where the true label is known, a tick follows the answer that is correct.
    """
    scan, record = ScanStore(run.store.path), run.record
    dissents = scan.dissents()
    each = {name: dissents[dissents["target"] == index].head(_WIDTH) for index, name in enumerate(run.names)}
    chosen = {name: some for name, some in each.items() if len(some)}
    if not chosen:
        return
    images = scan.images(pd.concat(chosen.values())["position"].to_numpy())
    figure = Figure(figsize=(1.05 * _WIDTH + 1.2, 1.25 * len(chosen) + 0.7), layout="constrained")
    figure.suptitle(_title(dissents), fontsize=10)
    if without := [name for name in each if name not in chosen]:
        figure.supxlabel(f"never dissent alone: {', '.join(without)}", fontsize=9)
    axes = figure.subplots(len(chosen), _WIDTH, squeeze=False)
    for line, (name, some) in zip(axes, chosen.items(), strict=True):
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        for column in range(_WIDTH):
            _one(line[column], some.iloc[column : column + 1], images, record)
    save(figure, path)


def _title(dissents: pd.DataFrame) -> str:
    what = "clearest first: the others' answer → its own"
    known = dissents[dissents["true_label"].notna()]
    if known.empty:
        return f"Scanned images on which exactly one network dissents, {what}"
    others, own = (float((known[name] == known["true_label"]).mean()) for name in ("label", "predicted"))
    finding = (
        f"Where exactly one network dissents, the others are correct {others:.0%} of the time, it {own:.0%}"
    )
    return f"{finding}\n{what};{_CORRECT}: correct"


def _one(axes: Axes, row: pd.DataFrame, images: dict[int, bytes], record: RunRecord) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    if row.empty:
        return
    found = row.iloc[0]
    show(axes, png.decode(images[int(found["position"])]))
    what = caption(record, int(found["label"]), int(found["predicted"]))
    if pd.notna(found["true_label"]) and found["true_label"] == found["label"]:
        what = what.replace(" →", f"{_CORRECT} →", 1)
    elif pd.notna(found["true_label"]) and found["true_label"] == found["predicted"]:
        what += _CORRECT
    axes.set_title(what, fontsize=8)


_REGIONS = ListedColormap(["#F6D28C", "#8FC1E3"])  # light orange and light blue, told apart by all readers
_EXTENT = (0.0, 1.0, 0.0, 1.0)


def draw_checkerboard(run: OpenedRun, grid: GridSource, path: Path) -> None:
    """Draw the board and its samples, every network's decision regions, and where it dissents alone."""
    board = grid.board or Checkerboard()
    data = board.dataset()
    peers = run.peers
    images = grid.images(np.arange(grid.points**2))
    panel = LocalPanel([voter(peer, data.shape, data.classes) for peer in peers])
    regions = panel.classify(images)
    dissents = ScanStore(run.store.path).dissents()
    figure = Figure(figsize=(2.1 * (len(peers) + 1), 4.7), layout="constrained")
    axes = figure.subplots(2, len(peers) + 1, squeeze=False)
    _regions(axes[0, 0], board.labels(images), grid, "the board")
    _samples(axes[1, 0], data.train)
    for index, peer in enumerate(peers):
        own = dissents[dissents["target"] == index]
        _regions(axes[0, index + 1], regions[index], grid, f"{peer.name}: regions")
        _alone(axes[1, index + 1], own["position"].to_numpy(), own["label_correct"].to_numpy(bool), grid)
        axes[1, index + 1].set_title(f"alone in dissent: {len(own) / grid.points**2:.2%}", fontsize=9)
    figure.suptitle(_where(dissents, grid), fontsize=11)
    handles = [
        Patch(color=PEERS, label="one network dissents, and the others are correct"),
        Patch(color=TARGET, label="it dissents, and is correct itself"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=9, frameon=False)
    save(figure, path)


def _where(dissents: pd.DataFrame, grid: GridSource) -> str:
    alone = f"Exactly one network dissents at {len(dissents) / grid.points**2:.1%} of the points"
    if dissents.empty:
        return alone
    return f"{alone}; there the others are correct in {dissents['label_correct'].mean():.0%} of cases"


def _regions(axes: Axes, classes: Ints, grid: GridSource, title: str) -> None:
    _frame(axes, title)
    picture = classes.reshape(grid.points, grid.points)
    axes.imshow(
        picture, cmap=_REGIONS, vmin=0, vmax=1, origin="lower", extent=_EXTENT, interpolation="nearest"
    )


def _samples(axes: Axes, train: Split) -> None:
    _frame(axes, f"{len(train)} samples")
    x, y = train.images[:, 0, 0].T / 255
    for label, colour, marker in ((0, COLOURS[1], "o"), (1, COLOURS[0], "^")):
        rows = train.labels == label
        axes.scatter(x[rows], y[rows], s=9, c=colour, marker=marker, linewidths=0)


def _alone(axes: Axes, positions: AnyArray, label_correct: AnyArray, grid: GridSource) -> None:
    _frame(axes, "")
    row, column = np.divmod(positions, grid.points)
    picture = np.full((grid.points, grid.points), np.nan)
    picture[row, column] = label_correct
    colours = ListedColormap([TARGET, PEERS])
    axes.imshow(
        picture, cmap=colours, vmin=0, vmax=1, origin="lower", extent=_EXTENT, interpolation="nearest"
    )


def _frame(axes: Axes, title: str) -> None:
    axes.set(xticks=[], yticks=[], xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.set_title(title, fontsize=9)
