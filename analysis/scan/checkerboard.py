"""The toy checkerboard in pictures, as Figs. 2-4 of Baluja et al."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import nn

from outvoted.actors.data.checkerboard import Checkerboard
from outvoted.actors.data.datasets import Dataset, Split
from outvoted.actors.data.sources import GridSource
from outvoted.actors.mining.scan_store import ScanStore
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import PEERS, TARGET, save
from outvoted.search.arrays import AnyArray, Ints
from outvoted.search.transforms import Affine

_REGIONS = ListedColormap(["#F6D28C", "#8FC1E3"])  # light orange and light blue, told apart by all readers
_EXTENT = (0.0, 1.0, 0.0, 1.0)


def draw_checkerboard(run: OpenedRun, grid: GridSource, path: Path) -> None:
    """Draw the board and its samples, every network's decision regions, and where it dissents alone."""
    board = grid.board or Checkerboard()
    data = board.dataset()
    peers = run.peers
    images = grid.images(np.arange(grid.points**2))
    panel = LocalPanel([Peer(_network(peer, data), Affine(), _none(data)) for peer in peers])
    regions = panel.vote(images).argmax(axis=2)
    dissents = ScanStore(run.store.path).dissents()
    figure = Figure(figsize=(2.1 * (len(peers) + 1), 4.7), layout="constrained")
    axes = figure.subplots(2, len(peers) + 1, squeeze=False)
    _regions(axes[0, 0], board.labels(images), grid, "the board")
    _samples(axes[1, 0], data.train)
    for index, peer in enumerate(peers):
        own = dissents[dissents["target"] == index]
        _regions(axes[0, index + 1], regions[index], grid, f"{peer.name}: regions")
        _alone(axes[1, index + 1], own["position"].to_numpy(), own["label_correct"].to_numpy(bool), grid)
        axes[1, index + 1].set_title(f"dissents alone: {len(own) / grid.points**2:.2%}", fontsize=9)
    figure.supxlabel(
        "below: where one network dissents from all others; blue where they are right, orange where it is",
        fontsize=9,
    )
    save(figure, path)


def _network(member: Member, data: Dataset) -> nn.Module:
    return member.build(data.shape, data.classes)


def _none(data: Dataset) -> Split:
    return Split(data.train.images[:0], data.train.labels[:0])


def _regions(axes: Axes, classes: Ints, grid: GridSource, title: str) -> None:
    _frame(axes, title)
    picture = classes.reshape(grid.points, grid.points)
    axes.imshow(
        picture, cmap=_REGIONS, vmin=0, vmax=1, origin="lower", extent=_EXTENT, interpolation="nearest"
    )


def _samples(axes: Axes, train: Split) -> None:
    _frame(axes, f"{len(train)} samples")
    x, y = train.images[:, 0, 0].T / 255
    for label, colour, marker in ((0, PEERS, "o"), (1, TARGET, "^")):
        rows = train.labels == label
        axes.scatter(x[rows], y[rows], s=9, c=colour, marker=marker, linewidths=0)


def _alone(axes: Axes, positions: AnyArray, label_correct: AnyArray, grid: GridSource) -> None:
    _frame(axes, "")
    row, column = np.divmod(positions, grid.points)
    picture = np.full((grid.points, grid.points), np.nan)
    picture[row, column] = label_correct
    colours = ListedColormap([PEERS, TARGET])
    axes.imshow(
        picture, cmap=colours, vmin=0, vmax=1, origin="lower", extent=_EXTENT, interpolation="nearest"
    )


def _frame(axes: Axes, title: str) -> None:
    axes.set(xticks=[], yticks=[], xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.set_title(title, fontsize=9)
