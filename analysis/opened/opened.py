"""A finished or half-finished run, opened in process: its networks, data and rules."""

import shlex
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks import members
from outvoted.actors.networks.computing import Arithmetic
from outvoted.actors.networks.members import Member
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.panel_settings import PanelSettings
from outvoted.actors.panel.peer import Peer
from outvoted.actors.runs.run_record import RunRecord
from outvoted.actors.runs.store import RunStore
from outvoted.analysis.opened.held_to import check_mistakes
from outvoted.analysis.opened.stored import configured, data_of, record_of
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Transform
from outvoted.search.trust import NOTHING, Trust


@dataclass(frozen=True)
class OpenedRun:
    """Everything that is needed to look at a run's mistakes again.

    Attributes:
        store: the run's folder.
        trust: what it names and may be imported.
    """

    store: RunStore
    trust: Trust = NOTHING

    @cached_property
    def record(self) -> RunRecord:
        """What ``run.json`` says."""
        return record_of(self.store, self.trust)

    @cached_property
    def members(self) -> list[Member]:
        """The trained networks; their fingerprint must be the run's."""
        found = members.load(self.store.peers, self.trust)
        if not self.record.has_panel(found):
            raise OutvotedError(
                expected=f"the panel {self.record.panel_fingerprint} that {self.store.path} was mined with",
                found=f"other networks or weights in {self.store.peers}",
                remedy="restore the networks that the run was mined with",
            )
        return found

    @property
    def peers(self) -> list[Member]:
        """The panel's networks, without the referee."""
        return [member for member in self.members if member.role == "peer"]

    @cached_property
    def search(self) -> SearchSettings:
        """How the run searched."""
        found: SearchSettings = self.configured("search", SearchSettings)
        return found

    @property
    def transform(self) -> Transform:
        """The moves of the run."""
        return self.search.transform

    @cached_property
    def data(self) -> Dataset:
        """The images the run was mined from; their fingerprint must be the run's."""
        return data_of(self.record, self.store.path, self.trust)

    @cached_property
    def mistakes(self) -> pa.Table:
        """The rows of the table `mistakes`, which must be such as the run can have made."""
        found, data = self.store.table("mistakes"), self.record.data
        images = None if data is None else data.train
        check_mistakes(found, len(self.peers), images, self.transform, self.store.path)
        return found

    @property
    def arithmetic(self) -> Arithmetic:
        """How the run's networks compute."""
        found: PanelSettings = self.configured("panel", PanelSettings)
        return found.arithmetic

    @cached_property
    def panel(self) -> LocalPanel:
        """The run's panel in this process."""
        data = self.data
        networks = [member.build(data.shape, data.classes) for member in self.peers]
        peers = [Peer(network, self.transform, data.train, self.arithmetic) for network in networks]
        return LocalPanel(peers)

    def configured(self, part: str, form: Any) -> Any:
        """Return settings of a class, or of a union of classes, from a part of the run's configuration.

        Raises:
            OutvotedError: they are none of this version's, or name code that is not trusted.
        """
        return configured(form, self.record, part, self.store.path, self.trust)

    def without(self, what: str) -> OutvotedError:
        """Say that the run has recorded nothing yet of ``what`` a report is made from."""
        name = self.store.path.name
        again = shlex.join(("outvoted", self.record.kind, "CONFIG", "--name", name, "--resume"))
        return OutvotedError(
            expected=f"{what} in {self.store.path}",
            found="a run without results so far",
            remedy=f"go on with it: `{again}`",
        )
