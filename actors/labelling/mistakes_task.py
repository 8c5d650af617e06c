"""Which mistakes people are shown: a random sample, partly common to all, with seeds as controls."""

import hashlib
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from types import MappingProxyType
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from outvoted.actors.labelling.label_form import MistakesForm, ShownImage
from outvoted.actors.labelling.label_task import LabelTask
from outvoted.actors.runs import png
from outvoted.actors.runs.units import UnitTables
from outvoted.search.arrays import Bools, Ints
from outvoted.search.settings import Settings

_AGAIN = 20.0  # seconds after which mistakes that were mined meanwhile are looked for
_POOL = 20_000  # mistakes among which everybody's are chosen: a random sample of more
_SEED, _SEED_IMAGE = "seed_id", "seed_image"
_Ranks = NDArray[np.uint64]


class SampleSettings(Settings):
    """How many mistakes a labeller is shown."""

    common: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Mistakes that everybody sees, so that labellers can be compared; they come first."""
    own: Annotated[int, Field(ge=0, le=10_000)] = 100
    """Further ones, other ones for each labeller."""
    controls: Annotated[float, Field(ge=0, le=1)] = 0.1
    """For each mistake as many untouched seeds, whose label is known: they show how often people err."""


def ranks(keys: pa.Table, salt: str) -> _Ranks:
    """Return a number for each row that follows from its values and the salt alone; shape (rows,).

    Sorted by it, rows are in random order, in which further rows fall between those that were there.
    """
    begin = int.from_bytes(hashlib.sha256(salt.encode()).digest()[:8])
    found = np.full(len(keys), begin, np.uint64)
    for column in keys.columns:
        if pa.types.is_integer(column.type):
            values = column.to_numpy().astype(np.int64).view(np.uint64)
        else:
            coded = column.combine_chunks().dictionary_encode()
            hashes = [zlib.crc32(text.encode()) for text in coded.dictionary.to_pylist()]
            values = np.array(hashes, np.uint64)[coded.indices.to_numpy()]
        found = _mixed(found ^ values)
    return found


def _mixed(values: _Ranks) -> _Ranks:
    """Scatter 64 bits (the finaliser of SplitMix64; Steele et al., 2014)."""
    with np.errstate(over="ignore"):
        values = values + np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)))


@dataclass(frozen=True)
class _Pool:
    """The mistakes that can be shown, in the order that is common to all labellers.

    Attributes:
        keys: the key columns of their table, and ``seed_id`` where it has them.
        files: when files of the table last came or went.
        taken: when they were read.
    """

    keys: pa.Table
    files: tuple[int, ...]
    taken: float


class MistakesTask(LabelTask[ShownImage]):
    """A sample of a run's mistakes; those that are mined while people label are sampled too."""

    what = "mistakes"

    def __init__(
        self,
        name: str,
        units: UnitTables,
        table: str,
        classes: Sequence[str],
        settings: SampleSettings | None = None,
        asked: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        """Take the run's name, the table that its mistakes are in, and its classes.

        Args:
            asked: of which mistakes people are asked: values of columns of the key.
        """
        form = units.forms[table]
        self.name, self.classes, self.form = name, classes, MistakesForm(form, len(classes))
        self._units, self._table, self._settings = units, table, settings or SampleSettings()
        self._key, self._asked = list(form.key), asked
        names = form.arrow.names
        self._seeds = _SEED in names and _SEED_IMAGE in names
        self._pool: _Pool | None = None
        self._reading = Lock()

    def sequence(self, labeller: str) -> list[ShownImage]:
        """Return the common mistakes in an order of the labeller's own, then others; controls among both."""
        pool = self._current().keys
        common = np.arange(min(self._settings.common, len(pool)))
        rest = np.arange(len(common), len(pool))
        own = rest[self._order(pool, rest, f"{self.name}\0own\0{labeller}")[: self._settings.own]]
        first, second = self._controls(pool, common, own, labeller)
        return [
            *self._block(pool, common, first, labeller),
            *self._block(pool, own, second, labeller),
        ]

    def pictures(self, keys: Sequence[ShownImage]) -> list[bytes]:
        """Read some images; what lies near them in the files is read as well."""
        rows = [key.mistake for key in keys]
        types = self._units.forms[self._table].arrow
        columns = [
            pa.array([row[place] for row in rows], types.field(name).type)
            for place, name in enumerate(self._key)
        ]
        wanted = pa.table(columns, names=self._key)
        images = ["image", *([_SEED_IMAGE] if any(key.seed for key in keys) else [])]
        found = self._units.find(self._table, wanted, images).to_pylist()
        chosen = [row[_SEED_IMAGE if key.seed else "image"] for key, row in zip(keys, found, strict=True)]
        return [_checked(image["bytes"]) for image in chosen]

    def prepare(self) -> None:
        """Read which mistakes there are; again where files came or went, but not all the time."""
        with self._reading:
            files, now = self._files(), time.monotonic()
            known = self._pool
            if known is not None and (known.files == files or now - known.taken < _AGAIN):
                return
            columns = [*self._key, *([_SEED] if self._seeds else [])]
            keys = self._units.read_all(self._table, columns=list(dict.fromkeys(columns)))
            for name, values in self._asked.items():
                keys = keys.filter(pc.is_in(keys[name], pa.array(values)))
            first = np.argsort(ranks(keys.select(self._key), self.name), kind="stable")[:_POOL]
            self._pool = _Pool(keys.take(pa.array(first)), files, now)

    def _files(self) -> tuple[int, ...]:
        folders = [self._units.file(name, "").parent for name in self._units.forms]
        return tuple(folder.stat().st_mtime_ns for folder in folders if folder.is_dir())

    def _current(self) -> _Pool:
        if self._pool is None:
            self.prepare()
        assert self._pool is not None
        return self._pool

    def _order(self, pool: pa.Table, places: Ints, salt: str) -> Ints:
        rows = pool.select(self._key).take(pa.array(places))
        return np.argsort(ranks(rows, salt), kind="stable")

    def _controls(self, pool: pa.Table, common: Ints, own: Ints, labeller: str) -> tuple[Ints, Ints]:
        """Choose mistakes of which the seed is shown: some common to all, and others.

        Where there are enough, their seeds are none that the labeller sees a mistake of.
        """
        every = np.arange(len(pool)) if self._seeds else np.arange(0)
        every = every[self._order(pool, every, f"{self.name}\0controls")]
        first = self._apart(pool, every, common)[: self._many(common)]
        left = every[~np.isin(every, first)]
        left = left[self._order(pool, left, f"{self.name}\0controls\0{labeller}")]
        second = self._apart(pool, left, np.concatenate([common, own, first]))
        return first, second[: self._many(own)]

    def _many(self, mistakes: Ints) -> int:
        return round(self._settings.controls * len(mistakes))

    def _apart(self, pool: pa.Table, places: Ints, shown: Ints) -> Ints:
        """Put those first whose seeds nothing that is shown was made from; each seed once."""
        if not len(places):
            return places
        seeds = pool[_SEED].to_numpy()
        fresh: Bools = ~np.isin(seeds[places], seeds[shown])
        ordered = np.concatenate([places[fresh], places[~fresh]])
        _, once = np.unique(seeds[ordered], return_index=True)
        return np.asarray(ordered[np.sort(once)])

    def _block(self, pool: pa.Table, mistakes: Ints, controls: Ints, labeller: str) -> list[ShownImage]:
        places = np.concatenate([mistakes, controls])
        keys = pool.select(self._key).take(pa.array(places)).to_pylist()
        shown = [ShownImage(tuple(key.values()), place >= len(mistakes)) for place, key in enumerate(keys)]
        seed = hashlib.sha256(f"{self.name}\0{labeller}\0{len(shown)}".encode()).digest()
        mixed = np.random.default_rng(int.from_bytes(seed[:8])).permutation(len(shown))
        return [shown[place] for place in mixed]


def _checked(image: bytes) -> bytes:
    """Return a PNG that can be shown: its size is bounded, and it is what a run can have written."""
    png.decode(image)
    return image
