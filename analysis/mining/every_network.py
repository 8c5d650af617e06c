"""Seeds from which every network in turn was driven into a mistake (Baluja et al., Fig. 9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from outvoted.actors.runs import png
from outvoted.actors.runs.run_folder import RunRecord
from outvoted.analysis.report.drawing import caption, save, show
from outvoted.search.climb import Outcome

_SHOWN = 6


@dataclass(frozen=True)
class EveryNetwork:
    """Seeds on which every target was searched against the most voters, and those that fooled all of them.

    Attributes:
        tried: drawn seeds on which every target's search began.
        replicas: the drawn seeds among them that led every network to a mistake.
    """

    tried: int
    replicas: tuple[int, ...]


def every_network(searches: pd.DataFrame, targets: int) -> EveryNetwork:
    """Find the seeds in the `searches` table of a run with that many targets."""
    if searches.empty:
        return EveryNetwork(0, ())
    rows = searches[searches["voters"] == searches["voters"].max()]
    begun = rows[rows["outcome"].isin([Outcome.MISTAKE, Outcome.EXHAUSTED])]
    tried = begun.groupby("replica")["target"].nunique()
    won = begun[begun["outcome"] == Outcome.MISTAKE].groupby("replica")["target"].nunique()
    whole = [int(replica) for replica in won.index[won == targets]]
    return EveryNetwork(int((tried == targets).sum()), tuple(whole))


def draw_every_network(
    mistakes: pd.DataFrame, found: EveryNetwork, names: Sequence[str], record: RunRecord, path: Path
) -> None:
    """Draw a line for each of the clearest such seeds, if there are any: the seed, each network's mistake."""
    rows = mistakes[mistakes["replica"].isin(found.replicas)]
    rows = rows[rows["voters"] == rows["voters"].max()]
    rows = rows.sort_values("margin", ascending=False).drop_duplicates(["replica", "target"])
    rows = rows[rows.groupby("replica")["target"].transform("size") == len(names)]
    clearest = rows.groupby("replica")["margin"].min().nlargest(_SHOWN).index
    if clearest.empty:
        return
    figure = Figure(figsize=(1.2 * (1 + len(names)) + 0.4, 1.25 * len(clearest) + 0.5), layout="constrained")
    figure.suptitle("One seed, a mistake of every network: label → its answer", fontsize=10)
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
