"""One pass over all images that stay where they are stored: what is known of images in memory at a glance."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from outvoted.actors.data.passes import Passed, key_of, recalled, remember
from outvoted.actors.data.split import ColouredError, Hashes, Split, StoredPixels, hash_of
from outvoted.search.arrays import Pixels


@dataclass(frozen=True)
class Survey:
    """What a pass over two splits found; it holds for these alone.

    Attributes:
        low, high: the least and the largest number of any training image.
        shared: how many test images are among the training images too.
        digest: SHA-256 over shapes, pixels and labels of both, in hexadecimal.
        named: the same, with ``suffix`` at its end.
    """

    train: Split
    test: Split
    low: int
    high: int
    shared: int
    digest: str
    suffix: str
    named: str

    def fingerprint(self, train: Split, test: Split, suffix: str) -> str | None:
        """Return the SHA-256 of splits and a suffix, None where others were looked at."""
        if self.train is not train or self.test is not test:
            return None
        return {"": self.digest, self.suffix: self.named}.get(suffix)


@dataclass(frozen=True)
class _Seen:
    """An image, the least and the largest of its numbers, and a hash by which equal ones are known."""

    image: Pixels
    low: int
    high: int
    hash: int


def fingerprint(train: Split, test: Split, suffix: str) -> str:
    """Return the SHA-256 over shapes, pixels and labels of both splits, and a suffix."""
    digest = hashlib.sha256()
    for split in (train, test):
        digest.update(repr((len(split), *split.shape)).encode())
        for part in split.parts():
            digest.update(np.ascontiguousarray(part).data)
        digest.update(split.labels.astype("<i8").tobytes())
    digest.update(suffix.encode())
    return digest.hexdigest()


def survey(train: Split, test: Split, suffix: str) -> Survey:
    """Look at every image once, twice where both splits are the same; few of them are in memory at a time.

    What the same files gave before is remembered. At an image with colours among grey ones all of them become
    RGB, and the pass begins again.

    Returns:
        With both splits, of one form.

    Raises:
        OutvotedError: an image can't be read or decoded, or is of another size than the first.
    """
    key = key_of((train, test), suffix)
    if (known := recalled(key, len(train), len(test))) is not None:
        passed, hashes = known
        return _known(*_with_channels(train, test, passed.channels), suffix, passed, hashes)
    try:
        found = _survey(train, test, suffix)
    except ColouredError:
        found = _survey(*_with_channels(train, test, 3), suffix)
    if key == key_of((train, test), suffix):  # else a file was changed meanwhile
        remember(key, _passed(found), [_hashes(split) for split in (found.train, found.test)])
    return found


def _known(train: Split, test: Split, suffix: str, passed: Passed, hashes: Sequence[Hashes]) -> Survey:
    low, high, shared = passed.low, passed.high, passed.shared
    train, test = _with_hashes(train, test, hashes)
    return Survey(train, test, low, high, shared, passed.digest, suffix, passed.named)


def _passed(found: Survey) -> Passed:
    return Passed(
        channels=found.train.shape[0],
        low=found.low,
        high=found.high,
        shared=found.shared,
        digest=found.digest,
        named=found.named,
    )


def _survey(train: Split, test: Split, suffix: str) -> Survey:
    digest = hashlib.sha256()
    found = []
    for split in (train, test):
        digest.update(repr((len(split), *split.shape)).encode())
        low, high, hashes = 255, 0, np.empty(len(split), np.uint64)
        for row, seen in enumerate(_pixels(split).each(_seen)):
            digest.update(seen.image.data)
            low, high, hashes[row] = min(low, seen.low), max(high, seen.high), seen.hash
        digest.update(split.labels.astype("<i8").tobytes())
        if error := _pixels(split).rows.too_dark(high):
            raise error
        found.append((low, high, hashes))
    named = digest.copy()
    named.update(suffix.encode())
    shared = 0 if test is train else int(np.isin(found[1][2], found[0][2]).sum())
    low, high, _ = found[0]
    train, test = _with_hashes(train, test, [hashes for _, _, hashes in found])
    return Survey(train, test, low, high, shared, digest.hexdigest(), suffix, named.hexdigest())


def _seen(image: Pixels) -> _Seen:
    return _Seen(image, int(image.min()), int(image.max()), hash_of(image))


def _with_hashes(train: Split, test: Split, hashes: Sequence[Hashes]) -> tuple[Split, Split]:
    """Return both splits, which from now on know other pixels; one and the same where they were."""
    one, two = (
        replace(split, kept=replace(_pixels(split), hashes=each))
        for split, each in zip((train, test), hashes, strict=True)
    )
    return one, one if test is train else two


def _hashes(split: Split) -> Hashes:
    found = _pixels(split).hashes
    assert found is not None
    return found


def _pixels(split: Split) -> StoredPixels:
    assert isinstance(split.kept, StoredPixels)
    return split.kept


def _with_channels(train: Split, test: Split, channels: int) -> tuple[Split, Split]:
    """Return both splits with so many channels; one and the same where they were."""
    one, two = (
        replace(split, kept=replace(_pixels(split), form=(channels, *_pixels(split).form[1:])))
        for split in (train, test)
    )
    return one, one if test is train else two
