"""Names for the arrays that travel through a search."""

from typing import Any

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
