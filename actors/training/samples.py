"""Labelled images for training: on the device, or read batch by batch from where they are stored."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from outvoted.actors.data.datasets import Split


class Samples(ABC):
    """Labelled images; those of each batch come to the device that trains.

    Attributes:
        labels: shape (n,), on the device.
    """

    def __init__(self, labels: torch.Tensor) -> None:
        self.labels = labels

    @abstractmethod
    def pixels(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the images of rows (...): uint8, shape (..., channels, height, width)."""

    def coming(self, batches: Sequence[torch.Tensor]) -> Iterable[torch.Tensor]:
        """Give the batches in order, the rows of each; images of the next one may be read meanwhile."""
        return batches


def samples_of(split: Split, device: torch.device) -> Samples:
    """Copy a split to a device, or its labels alone where its images are not in memory."""
    return _InMemory(split, device) if split.held else _Stored(split, device)


class _InMemory(Samples):
    def __init__(self, split: Split, device: torch.device) -> None:
        super().__init__(torch.tensor(split.labels).to(device))
        self._images = torch.tensor(split.images).to(device)

    def pixels(self, rows: torch.Tensor) -> torch.Tensor:
        """Take rows."""
        if rows.dim() == 1:
            return self._images.index_select(0, rows)  # ten times as fast as images[rows]
        return self._images[rows]


class _Stored(Samples):
    """Two batches are in memory: the one that is trained on, and the next."""

    def __init__(self, split: Split, device: torch.device) -> None:
        super().__init__(torch.tensor(split.labels).to(device))
        self._split, self._device = split, device
        self._ready: tuple[torch.Tensor, torch.Tensor] | None = None

    def pixels(self, rows: torch.Tensor) -> torch.Tensor:
        """Return what was read ahead; other rows are read now.

        Raises:
            OutvotedError: an image cannot be read, or is not what it was.
        """
        ready = self._ready
        images = ready[1] if ready is not None and ready[0] is rows else self._read(rows)
        return images.to(self._device)

    def coming(self, batches: Sequence[torch.Tensor]) -> Iterator[torch.Tensor]:
        """Read each batch in a thread while the one before is trained on."""
        with ThreadPoolExecutor(1) as pool:
            found = [pool.submit(self._read, rows) for rows in batches[:1]]
            for number, rows in enumerate(batches):
                self._ready = rows, found.pop().result()
                found += [pool.submit(self._read, after) for after in batches[number + 1 : number + 2]]
                yield rows
        self._ready = None

    def _read(self, rows: torch.Tensor) -> torch.Tensor:
        wanted = rows.cpu().numpy()
        images = torch.from_numpy(self._split.read(wanted.reshape(-1)))
        return images.reshape(*wanted.shape, *images.shape[1:])


class JoinedSamples(Samples):
    """Several samples, one after the other."""

    def __init__(self, parts: Sequence[Samples]) -> None:
        """Take parts whose images have one shape."""
        super().__init__(torch.cat([part.labels for part in parts]))
        self._parts = parts

    def pixels(self, rows: torch.Tensor) -> torch.Tensor:
        """Gather rows (n,) from all parts."""
        found, begin = [], 0
        places = []
        for part in self._parts:
            here = ((rows >= begin) & (rows < begin + len(part.labels))).nonzero()[:, 0]
            places.append(here)
            found.append(part.pixels(rows[here] - begin))
            begin += len(part.labels)
        return torch.cat(found)[torch.cat(places).argsort()]
