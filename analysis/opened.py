"""A finished or half-finished run, opened in process: its networks, data and rules."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from pydantic import BaseModel, RootModel, ValidationError

from outvoted.actors import datasets, members
from outvoted.actors.arithmetic import Arithmetic
from outvoted.actors.datasets import Dataset, DataSource
from outvoted.actors.local_panel import LocalPanel
from outvoted.actors.member import Member, fingerprint
from outvoted.actors.panel_settings import PanelSettings
from outvoted.actors.peer import Peer
from outvoted.actors.run_record import RunRecord
from outvoted.actors.store import RunStore
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Transform

Form = TypeVar("Form", bound=BaseModel)


class _Data(RootModel[DataSource]):
    """The data of a configuration, as a form of its own."""


@dataclass(frozen=True)
class OpenedRun:
    """Everything that is needed to look at a run's mistakes again."""

    store: RunStore

    @cached_property
    def record(self) -> RunRecord:
        """What ``run.json`` says."""
        return self.store.read_record()

    @cached_property
    def members(self) -> list[Member]:
        """The trained networks; their fingerprint must be the run's."""
        found = members.load(self.store.peers)
        if self.record.panel_fingerprint not in (None, fingerprint(found)):
            raise OutvotedError(
                expected=f"the panel {self.record.panel_fingerprint} that {self.store.path} was mined with",
                found=f"other weights in {self.store.peers}",
                remedy="restore the weights that the run was mined with",
            )
        return found

    @property
    def peers(self) -> list[Member]:
        """The panel's networks, without the referee."""
        return [member for member in self.members if member.role == "peer"]

    @cached_property
    def search(self) -> SearchSettings:
        """How the run searched."""
        return self._configured("search", SearchSettings)

    @property
    def transform(self) -> Transform:
        """The moves of the run."""
        return self.search.transform

    @cached_property
    def data(self) -> Dataset:
        """The images the run was mined from; their fingerprint must be the run's."""
        data = datasets.load(self._configured("data", _Data).root)
        if self.record.data is not None and data.fingerprint != self.record.data.fingerprint:
            raise OutvotedError(
                expected=f"the {data.name} images that {self.store.path} was mined from",
                found=f"other images or labels in {data.folder}",
                remedy="restore the data set",
            )
        return data

    @property
    def arithmetic(self) -> Arithmetic:
        """How the run's networks compute."""
        return self._configured("panel", PanelSettings).arithmetic

    @cached_property
    def panel(self) -> LocalPanel:
        """The run's panel in this process."""
        data = self.data
        networks = [member.build(data.shape, data.classes) for member in self.peers]
        peers = [Peer(network, self.transform, data.train, self.arithmetic) for network in networks]
        return LocalPanel(peers)

    def _configured(self, part: str, form: type[Form]) -> Form:
        """Read a part of the run's configuration."""
        try:
            return form.model_validate(self.record.config.get(part))
        except ValidationError as error:
            raise OutvotedError(
                expected=f"the configuration of a run in {self.store.path / 'run.json'}",
                found=f"'{part}' with {error.error_count()} errors, the first: {error.errors()[0]['msg']}",
                remedy="restore run.json, or read the run with the version of outvoted that wrote it",
            ) from error
