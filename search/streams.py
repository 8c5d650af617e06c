"""Counter-based random numbers: any draw can be made at any time, on any machine, in any order.

Philox4x32-10 from Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011),
evaluated for whole arrays of counters at once. A draw is keyed by (run seed, purpose, index, step), so a
search gives the same moves whichever cell, batch or restart evaluates it.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from outvoted.search.arrays import Floats, Ints

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_WORDS = 4

Words = NDArray[np.uint64]


class Purpose(IntEnum):
    """What a stream is for; streams of different purposes never overlap."""

    MOVE = 0
    SEED = 1
    LATENT = 2
    POINT = 3


def philox4x32(counter: tuple[Words, Words, Words, Words], key: tuple[int, int]) -> tuple[Words, ...]:
    """Return the four 32-bit output words (held in uint64) of each 128-bit counter under a 64-bit key."""
    c0, c1, c2, c3 = (np.array(word, order="C") for word in np.broadcast_arrays(*counter))
    left, right = np.empty_like(c0), np.empty_like(c0)
    k0, k1 = key
    for _ in range(_ROUNDS):  # in place: fresh memory in every step would cost more than the arithmetic
        np.multiply(c0, _MULTIPLIERS[0], out=left)
        np.multiply(c2, _MULTIPLIERS[1], out=right)
        np.right_shift(right, _SHIFT, out=c0)
        np.bitwise_xor(c0, c1, out=c0)
        np.bitwise_xor(c0, np.uint64(k0), out=c0)
        np.bitwise_and(right, _LOW, out=c1)
        np.right_shift(left, _SHIFT, out=c2)
        np.bitwise_xor(c2, c3, out=c2)
        np.bitwise_xor(c2, np.uint64(k1), out=c2)
        np.bitwise_and(left, _LOW, out=c3)
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return c0, c1, c2, c3


def uniforms(run_seed: int, purpose: Purpose, index: Ints, step: Ints, count: int) -> Floats:
    """Draw ``count`` numbers in the open interval (0, 1) for each (index, step).

    Args:
        run_seed: the seed of the run, 0 to 2**64 - 1.
        purpose: keeps streams for different uses apart.
        index: shape (n,), say search ids; 0 to 2**63 - 1.
        step: shape (n,), the step within each index; 0 to 2**32 - 1.
        count: draws per row.

    Returns:
        Shape (n, count).
    """
    key = (run_seed & 0xFFFFFFFF, (run_seed >> 32) & 0xFFFFFFFF)
    ids = index.astype(np.uint64)
    low, high, steps = ids & _LOW, ids >> _SHIFT, step.astype(np.uint64)
    blocks = np.arange(-(-count // _WORDS), dtype=np.uint64)[:, None] | np.uint64(int(purpose) << 16)
    words = np.empty((len(ids), len(blocks), _WORDS))
    for word, values in enumerate(philox4x32((blocks, steps, low, high), key)):
        words[:, :, word] = values.T
    return (words.reshape(len(ids), len(blocks) * _WORDS)[:, :count] + 0.5) * 2.0**-32
