"""What a run's supervisor hears, and what it orders."""

from dataclasses import dataclass

from outvoted.search.plan import Lease


@dataclass(frozen=True)
class CellPlaced:
    """The machines have made room for a cell; its processes start."""

    cell: int


@dataclass(frozen=True)
class CellOpened:
    """A cell has its panel.

    Attributes:
        node: the address of the machine that it is on.
    """

    cell: int
    node: str


@dataclass(frozen=True)
class CellPulsed:
    """A cell has answered how it is.

    Attributes:
        beats: how often a question to its panel was answered so far.
        computing: whether one of its processes has used the processor since it was last asked.
    """

    cell: int
    beats: int
    computing: bool


@dataclass(frozen=True)
class CellLost:
    """A cell's process has died, or could not be opened.

    Attributes:
        error: what came instead of an answer.
        died: whether it is a death, and not an error that the cell itself raised.
    """

    cell: int
    error: BaseException
    died: bool


@dataclass(frozen=True)
class ShardMined:
    """A shard has ended; its rows wait to be recorded.

    Attributes:
        searches, failed: how many it has, and how many of them failed.
    """

    cell: int
    shard: str
    searches: int
    failed: int


@dataclass(frozen=True)
class ShardRaised:
    """A cell raised an error instead of mining a shard."""

    cell: int
    shard: str
    error: BaseException


@dataclass(frozen=True)
class ShardsRecorded:
    """Shards are on disk."""

    shards: tuple[str, ...]


@dataclass(frozen=True)
class ShardsGone:
    """The rows of shards were lost, with the machine they were on, before they were recorded."""

    shards: tuple[str, ...]


@dataclass(frozen=True)
class MachinesSeen:
    """Which machines there are.

    Attributes:
        room: cells that they have room for.
        there: how many there are.
        gone: addresses of those that were there and are not any more.
        draining: addresses of those that will leave.
        most: cells that the run may keep, where runs of higher priority wait for room; else None.
        awaited: whether room that other runs have is about to be given back to this one, or to one before it.
        beside: which other runs have some of what cells of this one take, in words.
    """

    room: int
    there: int
    gone: tuple[str, ...] = ()
    draining: frozenset[str] = frozenset()
    most: int | None = None
    awaited: bool = False
    beside: tuple[str, ...] = ()


Event = (
    CellPlaced
    | CellOpened
    | CellPulsed
    | CellLost
    | ShardMined
    | ShardRaised
    | ShardsRecorded
    | ShardsGone
    | MachinesSeen
)


@dataclass(frozen=True)
class StartCell:
    """Ask the machines for room, and start a cell there. No number is given twice."""

    cell: int


@dataclass(frozen=True)
class EndCell:
    """End a cell's processes; what it says later is not heard."""

    cell: int


@dataclass(frozen=True)
class LeaseShard:
    """Have a cell mine a shard."""

    cell: int
    lease: Lease


@dataclass(frozen=True)
class RecordShards:
    """Hand the rows of shards to the recorder."""

    shards: tuple[str, ...]


@dataclass(frozen=True)
class RestartRecorder:
    """End the recorder, which does not answer, and have it start again."""


@dataclass(frozen=True)
class SaySentence:
    """Tell whoever watches.

    Attributes:
        state: whether the sentence holds until another one or None is said; else it is about an event.
        good: whether it is good news, and no warning.
    """

    text: str | None
    state: bool = False
    good: bool = False


@dataclass(frozen=True)
class StopRun:
    """Give up: the run cannot go on."""

    error: BaseException


Instruction = StartCell | EndCell | LeaseShard | RecordShards | RestartRecorder | SaySentence | StopRun
