"""Many names in little memory."""

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from outvoted.search.arrays import Ints, Pixels


@dataclass(frozen=True, eq=False)
class PackedNames(Sequence[str]):
    """Names of files, as the system writes them, one after the other in one array.

    A million take what their bytes take and 8 MB; processes on a machine share them, as Ray shares arrays.

    Attributes:
        text: the bytes of all names.
        ends: shape (n + 1,), where in ``text`` each name begins, and the last one ends.
    """

    text: Pixels
    ends: Ints

    def __len__(self) -> int:
        return len(self.ends) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> "PackedNames": ...
    def __getitem__(self, place: int | slice) -> "str | PackedNames":
        if isinstance(place, int):
            place = range(len(self))[place]
            return os.fsdecode(self.text[self.ends[place] : self.ends[place + 1]].tobytes())
        first, last, step = place.indices(len(self))
        if step != 1:
            return packed(self[k] for k in range(first, last, step))
        ends = self.ends[first : max(first, last) + 1]
        return PackedNames(self.text[ends[0] : ends[-1]], ends - ends[0])

    def __iter__(self) -> Iterator[str]:
        return (self[place] for place in range(len(self)))


def packed(names: Iterable[str]) -> PackedNames:
    """Pack names."""
    text, ends = bytearray(), array("q", [0])
    for name in names:
        text += os.fsencode(name)
        ends.append(len(text))
    return PackedNames(np.frombuffer(bytes(text), np.uint8), np.array(ends, np.int64))
