"""Normal deviates from uniforms."""

import numpy as np

from outvoted.search.arrays import Floats


def normals(uniform: Floats) -> Floats:
    """Turn an even number of uniforms in (0, 1), shape (n, 2 k), into independent normals, shape (n, k).

    Box & Muller, "A note on the generation of random normal deviates" (1958).
    """
    half = uniform.shape[1] // 2
    radius = np.sqrt(-2.0 * np.log(np.ascontiguousarray(uniform[:, :half])))
    return np.asarray(radius * np.cos(2.0 * np.pi * np.ascontiguousarray(uniform[:, half : 2 * half])))
