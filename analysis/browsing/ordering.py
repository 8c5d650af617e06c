"""In which order mistakes are shown, and cursors: where in it a page ended."""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from outvoted.analysis.browsing.engine import Query
from outvoted.analysis.browsing.filters import MistakeFilter
from outvoted.search.errors import OutvotedError
from outvoted.search.settings import Settings
from outvoted.search.shown import shown

_LONGEST = 4000


@dataclass(frozen=True, order=True)
class MistakeKey:
    """What tells a mistake from all others of its run.

    Attributes:
        part: of the run, where it has several: a strategy, a round of healing, a setting; else empty.
        search: the number of the search; of a dissent that a scan found, its image's position.
        number: counts the mistakes of one search from 0.
    """

    part: str
    search: int
    number: int

    def __str__(self) -> str:
        return f"{self.place}/{self.number}"

    @property
    def place(self) -> str:
        """The search with its part, as it stands in URLs."""
        return f"{self.part}~{self.search}" if self.part else str(self.search)

    @property
    def values(self) -> tuple[str, int, int]:
        """Part, search and number."""
        return self.part, self.search, self.number

    @staticmethod
    def of(text: str) -> "MistakeKey":
        """Read ``SEARCH/NUMBER`` or ``PART~SEARCH/NUMBER``.

        Raises:
            OutvotedError: it is neither.
        """
        place, _, number = text.rpartition("/")
        part, _, search = place.rpartition("~")
        if not all(one.isascii() and one.isdigit() and len(one) < 19 for one in (search, number)):
            raise OutvotedError(
                expected="a mistake by its search and number, say 12/0",
                found=shown(text),
                remedy="take one that a page of mistakes names",
            )
        return MistakeKey(part, int(search), int(number))


class Sort(Settings):
    """By which number mistakes are sorted, and from its largest on or from its least; unknown ones come last.

    Those of one value follow each other as their keys do.
    """

    by: str = "search"
    descending: bool = False

    def __str__(self) -> str:
        return f"-{self.by}" if self.descending else self.by

    @staticmethod
    def of(text: str) -> "Sort":
        """Read a name with ``-`` before it where the order is descending."""
        return Sort(by=text.removeprefix("-"), descending=text.startswith("-"))

    def reversed(self) -> "Sort":
        """Return the opposite direction."""
        return self.model_copy(update={"descending": not self.descending})

    @property
    def order(self) -> Query:
        """The order of rows with the columns v, part, search and number."""
        way = "DESC" if self.descending else "ASC"
        return Query(f"ORDER BY v {way} NULLS LAST, part {way}, search {way}, number {way}")

    def after(self, value: Any, key: MistakeKey, before: bool = False) -> Query:
        """Return what holds for rows behind a place in the order; or ``before`` it."""
        sign = "<" if self.descending != before else ">"
        behind = Query(f"(part, search, number) {sign} (?::VARCHAR, ?::BIGINT, ?::BIGINT)", key.values)
        if value is None:
            known = Query("v IS NOT NULL OR") if before else Query("")
            return Query("(") + known + Query("(v IS NULL AND") + behind + Query("))")
        unknown = Query("") if before else Query(" OR v IS NULL")
        beyond = Query(f"(v {sign} ? OR (v = ? AND", (value, value))
        return beyond + behind + Query(")") + unknown + Query(")")


class _Cursor(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    value: int | float | None
    valued: bool
    part: str
    search: int
    number: int
    meant: str
    """Of what it is a cursor."""


@dataclass(frozen=True)
class Behind:
    """A place behind a row; what it is sorted by is looked up where it is not ``valued``."""

    key: MistakeKey
    value: Any
    valued: bool


def written(value: Any, key: MistakeKey, one: MistakeFilter, sort: Sort) -> str:
    """Return the cursor of a place behind a row, which is sorted by a value."""
    known = int(value) if isinstance(value, int) else value if value is None else float(value)
    return _written(Behind(key, known, valued=True), _meant(one, sort))


def unvalued(key: MistakeKey, one: MistakeFilter, sort: Sort) -> str:
    """Return the cursor of a place behind a row of which only the key is known."""
    return _written(Behind(key, None, valued=False), _meant(one, sort))


def _written(behind: Behind, meant: str) -> str:
    part, search, number = behind.key.values
    found = _Cursor(
        value=behind.value, valued=behind.valued, part=part, search=search, number=number, meant=meant
    )
    text = json.dumps(found.model_dump()).encode()
    return _encoded(hashlib.sha256(text).digest()[:6] + text)


def read(cursor: str, one: MistakeFilter, sort: Sort) -> Behind:
    """Read a cursor.

    It is no secret: who makes one up gets a page that a filter would give too. One that was altered, or is of
    another question, would give a wrong page.

    Raises:
        OutvotedError: it is none that was given out for this filter and order.
    """
    try:
        if len(cursor) > _LONGEST:
            raise ValueError("too long")
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        seal, text = raw[:6], raw[6:]
        found = _Cursor.model_validate_json(text)
        if seal != hashlib.sha256(text).digest()[:6] or cursor != _encoded(raw):
            raise ValueError("altered")
    except (ValueError, ValidationError) as error:
        raise _refused("another text", "begin again without one") from error
    if found.meant != _meant(one, sort):
        raise _refused("one of another filter or order", "begin again without one, or ask as before")
    return Behind(MistakeKey(found.part, found.search, found.number), found.value, found.valued)


def _encoded(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _meant(one: MistakeFilter, sort: Sort) -> str:
    text = json.dumps([one.query(), str(sort)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _refused(found: str, remedy: str) -> OutvotedError:
    return OutvotedError("a cursor that a page of these mistakes gave", found, remedy)
