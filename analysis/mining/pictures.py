"""Pictures of mistakes, as in Figs. 1, 5 and 6 of Baluja et al."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunRecord
from outvoted.analysis.mining.every_network import EveryNetwork
from outvoted.analysis.mining.replay import Steps, steps
from outvoted.analysis.mining.voters import VotersSummary
from outvoted.analysis.opened.mistakes import Mistakes
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.report.drawing import PEERS, TARGET, caption, save, shortened, show
from outvoted.search.arrays import AnyArray, Ints

_PAIRS, _PHOTO_PAIRS = 8, 4
_SMALL, _LARGE = 1.0, 1.6  # inches an image takes, digits and photos
_PHOTO = 64  # pixels from which an image is a photo
_LONGEST = 8
_NAME = 16  # characters of a network's name
_EVERY = 6
_GREEN = "#009E73"


def draw_mistakes(run: OpenedRun, path: Path) -> None:
    """Draw a line for each target that has mistakes: seed on the left, mistake on the right of each pair.

    Below stand the names of those without.
    """
    every, names = run.mistakes.select("target", "label", "predicted", "margin").to_pandas(), run.names
    searched = run.search.turns(names).targets
    found = {index: _varied(every[every["target"] == index], _PAIRS) for index in searched}
    lines = {index: run.mistakes.take(some) for index, some in found.items() if len(some)}
    if not lines:
        return
    first = next(iter(lines.values()))[0]
    photos = png.decode(first["seed_image"]["bytes"]).shape[2] >= _PHOTO
    side, most = (_LARGE, _PHOTO_PAIRS) if photos else (_SMALL, _PAIRS)
    across = min(most, max(map(len, lines.values())))
    size = (max(1.35 * side * across + 1.2, 7.0), 1.0 * side * len(lines) + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(
        "Left: all networks correct. Right: the network of the line misreads it (label → its answer)",
        fontsize=11,
    )
    if without := [names[index] for index in searched if index not in lines]:
        figure.supxlabel(f"no mistakes: {', '.join(without)}", fontsize=9)
    axes = figure.subplots(len(lines), across, squeeze=False)
    for line, (index, chosen) in zip(axes, lines.items(), strict=True):
        line[0].set_ylabel(names[index], rotation=0, ha="right", va="center", fontsize=9)
        for column in range(across):
            _pair(line[column], chosen[column] if column < len(chosen) else None, run.record)
    save(figure, path)


def draw_climbs(run: OpenedRun, path: Path) -> None:
    """Draw one climb for each target: its images in order, and every network's output for the label."""
    every = run.mistakes.select("target", "moves", "margin").to_pandas()
    every["length"] = run.mistakes.each(["move_parameters"], _lengths)
    telling = [place for index in range(len(run.peers)) if (place := _telling(every, index)) is not None]
    if not telling:
        return
    climbs = run.mistakes.take(np.array(telling, np.int64))
    width = max(len(climb["move_parameters"]) for climb in climbs) + 1
    bars = 0.14 * len(run.peers) + 0.15  # inches
    size = (1.15 * width + 1.6, (1.5 + bars) * len(climbs) + 1.0)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(
        "A few small moves, and only one network misreads the image", fontsize=12, fontweight="bold"
    )
    axes = figure.subplots(2 * len(climbs), width, squeeze=False, height_ratios=[1.2, bars] * len(climbs))
    for line, climb in enumerate(climbs):
        names = [member.name for member in run.peers]
        _climb(axes[2 * line : 2 * line + 2], climb, steps(run, climb), names, run.record)
    axes[-1, 0].set_xlabel("probability of the label", fontsize=9, loc="left")
    legend = [
        Patch(color=TARGET, label="the target, which ends up wrong"),
        Patch(color=PEERS, label="its peers, which stay correct"),
    ]
    figure.legend(handles=legend, loc="outside lower center", ncols=2, fontsize=9, frameon=False)
    save(figure, path)


def _climb(
    axes: AnyArray, mistake: dict[str, Any], climb: Steps, names: Sequence[str], record: RunRecord
) -> None:
    target, label = mistake["target"], mistake["label"]
    order = [target, *(peer for peer in range(len(climb.probabilities)) if peer != target)]
    what = caption(record, label, mistake["predicted"])
    axes[0, 0].set_ylabel(what, rotation=0, ha="right", va="center", fontsize=12)
    for step in range(axes.shape[1]):
        picture, bars = axes[:, step]
        if step >= len(climb.images):
            picture.set_axis_off()
            bars.set_axis_off()
            continue
        show(picture, climb.images[step])
        picture.set_title("seed" if step == 0 else f"move {step}", fontsize=9)
        lengths = climb.probabilities[order, step, label]
        bars.barh(range(len(order)), lengths, color=[TARGET] + [PEERS] * (len(order) - 1))
        bars.set(xlim=(0, 1), xticks=[0, 1], yticks=[])
        bars.invert_yaxis()
        bars.spines[["top", "right"]].set_visible(False)
        bars.tick_params(labelsize=8)
    axes[1, 0].set_yticks(range(len(order)), [shortened(names[peer], _NAME) for peer in order])
    axes[1, 0].get_yticklabels()[0].set(color=TARGET, fontweight="bold")


def _pair(axes: Axes, row: dict[str, Any] | None, record: RunRecord) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    if row is None:
        return
    seed, mistake = png.decode(row["seed_image"]["bytes"]), png.decode(row["image"]["bytes"])
    gap = np.full((*seed.shape[:2], 2), 255, np.uint8)
    show(axes, np.concatenate([seed, gap, mistake], axis=2))
    axes.set_title(caption(record, row["label"], row["predicted"]), fontsize=8)


def _varied(rows: pd.DataFrame, most: int) -> Ints:
    """Choose the places of the clearest mistake of as many different (label, wrong class) pairs as fit."""
    clearest = rows.sort_values("margin", ascending=False, kind="stable")
    return clearest.drop_duplicates(["label", "predicted"]).index.to_numpy(np.int64)[:most]


def _telling(rows: pd.DataFrame, target: int) -> int | None:
    """Choose the place of the clearest of a target's climbs of three moves or more that fit on a line."""
    fitting = rows[(rows["target"] == target) & (rows["moves"] >= 3) & (rows["length"] <= _LONGEST)]
    return None if fitting.empty else int(fitting.index[int(fitting["margin"].argmax())])


def _lengths(rows: pa.Table) -> Ints:
    return np.asarray(pc.list_value_length(rows["move_parameters"]).to_numpy())


def draw_every_network(
    mistakes: Mistakes, found: EveryNetwork, names: Sequence[str], record: RunRecord, path: Path
) -> None:
    """Draw a line for each of the clearest such seeds, if there are any: the seed, each network's mistake."""
    rows = mistakes.select("replica", "voters", "margin", "target").to_pandas()
    rows = rows[rows["replica"].isin(found.replicas)]
    rows = rows[rows["voters"] == rows["voters"].max()]
    rows = rows.sort_values("margin", ascending=False).drop_duplicates(["replica", "target"])
    rows = rows[rows.groupby("replica")["target"].transform("size") == len(names)]
    clearest = rows.groupby("replica")["margin"].min().nlargest(_EVERY).index
    if clearest.empty:
        return
    rows = rows[rows["replica"].isin(clearest)]
    rows = pd.DataFrame(mistakes.take(rows.index.to_numpy(np.int64)))
    figure = Figure(figsize=(1.2 * (1 + len(names)) + 0.4, 1.25 * len(clearest) + 0.5), layout="constrained")
    figure.suptitle(
        "One image can lead every network to a mistake of its own: label → its answer", fontsize=10
    )
    axes = figure.subplots(len(clearest), 1 + len(names), squeeze=False)
    for line, replica in zip(axes, clearest, strict=True):
        of_seed = rows[rows["replica"] == replica].set_index("target")
        show(line[0], png.decode(of_seed["seed_image"].iloc[0]["bytes"]))
        line[0].set_title("seed", fontsize=8)
        for target, (axis, name) in enumerate(zip(line[1:], names, strict=True)):
            row = of_seed.loc[target]
            show(axis, png.decode(row["image"]["bytes"]))
            axis.set_title(f"{name}: {caption(record, row['label'], row['predicted'])}", fontsize=8)
    save(figure, path)


def draw_voters(rows: Sequence[VotersSummary], path: Path) -> None:
    """Draw a line for each share; shares that were not measured are left out."""
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    lines = (
        ("success", "searches that found a mistake", TARGET, "o"),
        ("validity", "mistakes that the referee confirms", PEERS, "s"),
        ("held_out_correct", "answers of held-out peers that are correct", _GREEN, "^"),
    )
    for name, label, colour, marker in lines:
        points = [(row.voters, 100 * value) for row in rows if (value := getattr(row, name)) is not None]
        if points:
            axes.plot(*zip(*points, strict=True), label=label, color=colour, marker=marker)
    axes.set(xlabel="peers that must agree on the label", ylabel="share, %", ylim=(0, 103))
    rates = {row.voters: f"{100 * row.success:.0f} % against {row.voters}" for row in rows}
    ends = f"{rates[min(rates)]}, {rates[max(rates)]}"
    axes.set_title(f"Searches that succeed: {ends}", fontsize=11)
    axes.set_xticks([row.voters for row in rows])
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False)
    save(figure, path)
