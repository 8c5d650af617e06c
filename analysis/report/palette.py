"""What classes look like in pictures: Okabe & Ito's palette, and shapes beside it."""

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
"""More classes begin again, with other markers."""
THREE = COLOURS[:3]
"""Blue, orange and green: the pair's classes and the third."""
OTHERS = "#777777"
"""All other classes together; seen on light and on dark paper."""
DASHES = ("solid", "dash", "dashdot", "dot")
"""Of interactive lines: the three classes, and all others."""
_MARKERS = "o^sDvP*X"
_SYMBOLS = ("circle", "triangle-up", "square", "diamond", "triangle-down", "cross", "star", "x", "pentagon")


def colour(label: int) -> str:
    """Return the colour of a class."""
    return COLOURS[label % len(COLOURS)]


def marker(label: int) -> str:
    """Return Matplotlib's name of a class's marker."""
    return _MARKERS[label % len(_MARKERS)]


def symbol(label: int) -> str:
    """Return Plotly's name of a class's marker."""
    return _SYMBOLS[label % len(_SYMBOLS)]
