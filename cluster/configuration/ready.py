"""Ready configurations, which come with the package and go by a name instead of a path."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.shown import shown

FOLDER = Path(__file__).parents[2] / "ready"  # of the package as it is installed: the link beside the rooms
SCHEMAS = FOLDER / "schema"
_EDITORS = re.compile(r"^# yaml-language-server: \$schema=(?:.*/)?(\w+)\.json$", re.MULTILINE)
_DOES = re.compile(r"^# (?!yaml-language-server)(.+)$", re.MULTILINE)
_TIME = re.compile(r"^# Time: (.+?)\.?$", re.MULTILINE)


@dataclass(frozen=True)
class ReadyConfig:
    """A configuration that comes with the package; its first comments say what it does.

    Attributes:
        kind: the command it is for.
        does: one line.
        time: how long it takes, on what.
    """

    path: Path
    kind: str
    does: str
    time: str

    @classmethod
    def at(cls, path: Path) -> "ReadyConfig":
        """Read the comments at the top of a file."""
        text = path.read_text("utf-8")
        kind, does, time = (pattern.search(text) for pattern in (_EDITORS, _DOES, _TIME))
        if kind is None or does is None or time is None:
            raise ValueError(f"{path} does not begin with its schema, what it does, and its time")
        return cls(path, kind[1], does[1], time[1])

    @property
    def name(self) -> str:
        """What it goes by."""
        return self.path.stem

    @property
    def text(self) -> str:
        """What stands in the file, with the schema where this machine has it, so that copies find it too."""
        return for_editors(self.kind) + self.path.read_text("utf-8").partition("\n")[2]


def for_editors(kind: str) -> str:
    """Return the line that tells editors which keys a configuration of a kind may have."""
    return f"# yaml-language-server: $schema={(SCHEMAS / f'{kind}.json').as_posix()}\n"


def ready() -> Mapping[str, ReadyConfig]:
    """Return all ready configurations by name."""
    return {path.stem: ReadyConfig.at(path) for path in sorted(FOLDER.glob("*.yaml"))}


def names() -> tuple[str, ...]:
    """Return the names of all ready configurations."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def named(name: str) -> ReadyConfig:
    """Return a ready configuration.

    Raises:
        OutvotedError: there is none of this name.
    """
    known = ready()
    if name not in known:
        raise OutvotedError(
            expected="the name of a configuration that comes with outvoted",
            found=shown(name),
            remedy=suggestion(Path(name).stem, known),
        )
    return known[name]


def file_of(given: Path) -> Path:
    """Return the file that is meant by what was given: a path, or the name of a ready configuration.

    A file of the user's wins over a ready one: of that very name, or with ``.yaml`` after it.
    """
    if not _is_word(given) or given.is_file():
        return given
    places = Path(f"{given}.yaml"), FOLDER / f"{given}.yaml"
    return next((path for path in places if path.is_file()), given)


def hides_ready(given: Path) -> bool:
    """Return whether a file of the user's is taken where a ready configuration has the same name."""
    return _is_word(given) and str(given) in names() and file_of(given).parent != FOLDER


def _is_word(given: Path) -> bool:
    return re.fullmatch(r"[\w-]{1,100}", str(given)) is not None
