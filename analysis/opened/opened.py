"""A run of any kind, opened to be read: a stranger's, of whom nothing is imported that is not trusted."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, DataSource
from outvoted.actors.mining.shards import Shards
from outvoted.actors.networks import members
from outvoted.actors.networks.computing import Arithmetic
from outvoted.actors.networks.members import Member, fingerprint
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.panel_settings import PanelSettings
from outvoted.actors.panel.peer import Peer
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.runs.run_record import RunRecord
from outvoted.analysis.opened.held_to import check_mistakes
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Transform
from outvoted.search.trust import NOTHING, Trust


@dataclass(frozen=True)
class OpenedRun:
    """What a run's folder holds, verified: its configuration, networks and data are those it was made with.

    Attributes:
        store: the run's folder.
        trust: what it names and may be imported.
    """

    store: RunFolder
    trust: Trust = NOTHING

    @cached_property
    def record(self) -> RunRecord:
        """What ``run.json`` says; its configuration must name no code that is not trusted."""
        record = self.store.read_record()
        self.trust.at(self._file).check_all(record.config)
        return record

    @cached_property
    def members(self) -> list[Member]:
        """The trained networks; their fingerprint must be the run's."""
        found = members.load(self.store.peers, self.trust)
        if self.record.panel_fingerprint not in (None, fingerprint(found)):
            raise OutvotedError(
                expected=f"the panel {self.record.panel_fingerprint} that {self.store.path} was made with",
                found=f"other networks or weights in {self.store.peers}",
                remedy="restore the networks that the run was made with",
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
        """The images the run was made from; their fingerprint must be the run's."""
        data: Dataset = datasets.load(self.configured("data", DataSource))
        known = self.record.data
        if known is not None and data.fingerprint != known.fingerprint:
            raise OutvotedError(
                expected=f"the {data.name} images that {self.store.path} was made from",
                found=f"other images or labels in {data.folder}",
                remedy="restore the data set",
            )
        return data

    @cached_property
    def mistakes(self) -> pa.Table:
        """The rows of the table `mistakes`, which must be such as the run can have made."""
        found, data = Shards(self.store.path).table("mistakes"), self.record.data
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
        """Return settings from a part of the run's configuration.

        Args:
            part: the key they stand under, with dots where it is nested.
            form: a class, or a union of classes: what pydantic makes a TypeAdapter of.

        Raises:
            OutvotedError: they are none of this version's, or name code that is not trusted.
        """
        values: Any = self.record.config
        for key in part.split("."):
            values = values.get(key) if isinstance(values, Mapping) else None
        try:
            return TypeAdapter(form).validate_python(values, context=self.trust.at(self._file).context)
        except ValidationError as error:
            raise OutvotedError(
                expected=f"the configuration of a run of this version of Outvoted in {self._file}",
                found=f"'{part}' with keys or values that are not this version's",
                remedy="restore run.json, or read the run with the version of outvoted that wrote it",
            ) from error

    def expect(self, kind: str) -> None:
        """Refuse a run of another kind.

        Raises:
            OutvotedError: say of which it is.
        """
        if self.record.kind != kind:
            raise OutvotedError(
                expected=f"a run of `outvoted {kind}` in {self.store.path}",
                found=f"a run of `outvoted {self.record.kind}`",
                remedy="choose another run: `outvoted runs` lists them",
            )

    def without(self, what: str) -> OutvotedError:
        """Say that the run has recorded nothing yet of ``what`` a report is made from."""
        name = self.store.path.name
        again = shlex.join(("outvoted", self.record.kind, "CONFIG", "--name", name, "--resume"))
        return OutvotedError(
            expected=f"{what} in {self.store.path}",
            found="a run without results so far",
            remedy=f"go on with it: `{again}`",
        )

    @property
    def _file(self) -> Path:
        return self.store.path / "run.json"
