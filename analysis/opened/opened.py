"""A run of any kind, opened to be read: a stranger's, of whom nothing is imported that is not trusted."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter, ValidationError

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, DataSource, Split
from outvoted.actors.mining.shards import Shards
from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member, fingerprint
from outvoted.actors.panel.fast import Batch
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.panel_settings import PanelSettings
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.renderer import Renderer
from outvoted.actors.runs.commands import described
from outvoted.actors.runs.run_folder import RunFolder, RunRecord
from outvoted.analysis.opened.mistakes import Mistakes, StoredMistakes
from outvoted.search.errors import OutvotedError
from outvoted.search.search_settings import SearchSettings
from outvoted.search.transforms import Transform
from outvoted.search.trust import NOTHING, Trust

_TABLE = "mistakes"
_CHECKED = ("search_id", "target", "voters", "label", "predicted", "seed_id", "probabilities", "composed")
_SHAPED = ("move_parameters", "measures")


def check_mistakes(
    parts: Iterable[pa.Table], peers: int, images: int | None, transform: Transform, path: Path
) -> None:
    """Hold the rows of the table `mistakes` of a run in ``path`` to its number of peers and its transform.

    Args:
        parts: the rows, part by part.
        images: how many training images there are, where that is known.

    Raises:
        OutvotedError: a number is outside what it can be, or votes and moves are of another form.
    """
    classes: int | None = None
    for rows in parts:
        if not rows.num_rows:
            continue
        if classes is None:
            classes = max(map(len, rows["probabilities"][0].as_py()), default=0)
        found = _outside(rows, peers, classes, images) or _misshapen(rows, peers, classes, transform)
        if found is not None:
            raise OutvotedError(
                expected=f"mistakes of {peers} networks, made with the run's transform, in {path / _TABLE}",
                found=found,
                remedy="restore the table, or delete its files and those in searches/, then --resume",
            )


def _outside(rows: pa.Table, peers: int, classes: int, images: int | None) -> str | None:
    """Name a number that counts something there isn't."""
    most = {"target": peers, "voters": peers, "label": classes, "predicted": classes, "seed_id": images}
    for name, limit in most.items():
        values = rows[name].to_numpy()
        wrong = (values < 0) | (False if limit is None else values >= limit)
        if wrong.any():
            return f"{name} {values[wrong][0]} in the row of search {rows['search_id'].to_numpy()[wrong][0]}"
    return None


def _misshapen(rows: pa.Table, peers: int, classes: int, transform: Transform) -> str | None:
    """Name a column whose values have another form than the run's."""
    votes = rows["probabilities"]
    of_each = pc.list_value_length(pc.list_flatten(votes)).to_numpy()
    if (pc.list_value_length(votes).to_numpy() != peers).any() or (of_each != classes).any():
        return "votes of another number of networks, or of classes"
    if (pc.list_value_length(rows["composed"]).to_numpy() != transform.size).any():
        return "transforms with another number of parts"
    moves, measures = rows.schema.field("move_parameters").type.value_type, rows.schema.field("measures").type
    names = tuple(field.name for field in moves), tuple(field.name for field in measures)
    if names != (transform.parameters, transform.measures):
        return f"moves described by {', '.join(names[0])}"
    return None


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
        return found.settled(
            channels=1
        )  # runs record their borders; before there was a choice, all were black

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

    @property
    def seeds(self) -> Split:
        """The images that searches started from."""
        return self.data.train

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the panel's networks."""
        return tuple(member.name for member in self.peers)

    @property
    def classes(self) -> Sequence[str]:
        """The names of the classes; their numbers where they have none, or another number of them."""
        named, count = None if self.record.data is None else self.record.data.class_names, self.data.classes
        return named if named and len(named) == count else tuple(map(str, range(count)))

    @cached_property
    def mistakes(self) -> Mistakes:
        """The rows of the table `mistakes`, which must be such as the run can have made."""
        found, data = StoredMistakes(Shards(self.store.path).units), self.record.data
        images = None if data is None else data.train
        parts = found.parts(*_CHECKED, *_SHAPED)
        check_mistakes(parts, len(self.peers), images, self.transform, self.store.path)
        return found

    @property
    def batch(self) -> Batch:
        """How many rows reach the run's networks at once."""
        found: PanelSettings = self.configured("panel", PanelSettings)
        return found.batch

    @cached_property
    def panel(self) -> LocalPanel:
        """The run's panel in this process."""
        data = self.data
        networks = [member.build(data.shape, data.classes) for member in self.peers]
        renderer = Renderer(self.transform, data.train)
        return LocalPanel([Peer(network, renderer, self.batch) for network in networks])

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
                expected=f"a run of `outvoted {described(kind)}` in {self.store.path}",
                found=f"a run of `outvoted {described(self.record.kind)}`",
                remedy="choose another run: `outvoted runs` lists them",
            )

    def without(self, what: str) -> OutvotedError:
        """Say that the run has recorded nothing yet of ``what`` a report is made from."""
        name = self.store.path.name
        again = shlex.join(("outvoted", self.record.command, "CONFIG", "--name", name, "--resume"))
        return OutvotedError(
            expected=f"{what} in {self.store.path}",
            found="a run without results yet",
            remedy=f"resume it: `{again}`",
        )

    @property
    def _file(self) -> Path:
        return self.store.path / "run.json"
