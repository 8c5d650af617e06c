"""Seeds from which every network in turn was driven into a mistake (Baluja et al., Fig. 9)."""

from dataclasses import dataclass

import pandas as pd

from outvoted.search.outcome import Outcome


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
