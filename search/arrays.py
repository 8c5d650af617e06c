"""Names for the arrays that travel through a search."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Working precision of the search: scores, parameters, composed transforms."""
Singles = NDArray[np.float32]
"""What travels to the peers and back."""
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Pixels = NDArray[np.uint8]
"""Images, shape (n, channels, height, width), values 0-255."""
Texts = NDArray[np.object_]
AnyArray = NDArray[Any]


class RowArrays:
    """Mixed into dataclasses of arrays, one row for each thing told of; a whole array may be None."""

    def __len__(self) -> int:
        return len(self._arrays()[0])  # type: ignore[arg-type]

    def rows(self, chosen: AnyArray | slice) -> Self:
        """Return the chosen rows (indices, a mask or a slice)."""
        return type(self)(*(None if array is None else array[chosen] for array in self._arrays()))

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, texts left out."""
        arrays = (array for array in self._arrays() if array is not None and array.dtype != object)
        return sum(array.itemsize * math.prod(array.shape[1:]) for array in arrays)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Join parts in their order; where some have texts and others none, theirs are empty."""
        columns = zip(*(part._arrays() for part in parts), strict=True)
        return cls(*(_joined(arrays, parts) for arrays in columns))

    def _arrays(self) -> list[AnyArray | None]:
        names: Iterable[str] = self.__dataclass_fields__  # type: ignore[attr-defined]
        return [getattr(self, name) for name in names]  # fields() takes four times as long


def _joined(arrays: Sequence[AnyArray | None], parts: Sequence[RowArrays]) -> AnyArray | None:
    if all(array is None for array in arrays):
        return None
    pairs = zip(arrays, parts, strict=True)
    return np.concatenate([np.full(len(part), "", object) if one is None else one for one, part in pairs])
