"""The numbers of Fan & Yezzi's tables 2 and 3, on CIFAR-10, each from 50 networks."""

from dataclasses import dataclass

from outvoted.actors.data.selection import Criteria

NETWORKS = 50


@dataclass(frozen=True)
class Published:
    """A row of table 2 or 3: A, σ_A, P_c, P_s and P_g as shares from 0 to 1, N in images of 10,000.

    The paper does not call σ_A sample or population standard deviation; with 50 networks they differ by 1 %.
    """

    test_accuracy: float
    accuracy_std: float
    right_confidence: float
    wrong_confidence: float
    wrong_truth: float
    noise: float | None = None


_TABLE_2 = """
0.25 lc+ls 27.12 2.40 26.56 22.91 14.65
0.25 lc+hs 19.26 0.92 24.68 22.86 13.67
0.25 hc+ls 53.61 1.23 79.67 58.00 12.73
0.25 hc+hs 51.49 1.29 66.57 44.77 14.57
0.50 lc+ls 52.16 1.58 45.73 36.39 18.61
0.50 lc+hs 41.07 1.18 35.11 30.86 17.99
0.50 hc+ls 65.78 0.58 88.08 70.23 11.41
0.50 hc+hs 60.48 0.67 75.62 50.50 15.92
0.75 lc+ls 68.76 1.16 74.25 52.34 18.36
0.75 lc+hs 60.55 1.31 58.33 43.00 20.33
0.75 hc+ls 70.81 0.31 92.67 76.09 10.28
0.75 hc+hs 70.85 0.47 80.45 55.76 16.24
0.80 lc+ls 70.89 0.92 77.04 54.94 17.79
0.80 lc+hs 64.12 1.08 60.99 46.06 20.09
0.80 hc+ls 71.43 0.36 92.65 76.73 10.16
0.80 hc+hs 71.75 0.54 82.45 56.57 16.32
"""
"""Without noise."""

_TABLE_3 = """
0.25 lc+ls 30.82 2.11 28.31 24.14 15.43 2.1
0.25 lc+hs 21.32 0.91 25.27 23.40 14.30 1.08
0.25 hc+ls 55.27 0.86 79.24 58.60 12.86 5.36
0.25 hc+hs 53.26 1.06 67.22 44.81 14.87 2.78
0.50 lc+ls 53.11 1.36 46.70 37.26 19.23 0.9
0.50 lc+hs 40.82 1.10 35.05 31.23 18.55 0.68
0.50 hc+ls 66.37 0.53 88.56 70.03 11.61 1.12
0.50 hc+hs 65.13 0.65 76.10 50.47 16.16 0.72
0.75 lc+ls 70.03 0.81 73.88 53.26 18.42 0.14
0.75 lc+hs 61.95 1.38 54.95 43.80 20.69 0.50
0.75 hc+ls 71.05 0.54 92.43 75.64 10.54 0.22
0.75 hc+hs 71.42 0.55 80.94 55.75 16.48 0.34
"""
"""With 5× uniformly distributed noise."""


def _read(table: str, noise: bool) -> dict[tuple[str, float, bool], Published]:
    found = {}
    for line in table.split("\n")[1:-1]:
        fraction, criteria, *cells = line.split()
        shares, rest = [float(cell) / 100 for cell in cells[:5]], [float(cell) for cell in cells[5:]]
        found[criteria, float(fraction), noise] = Published(*shares, *rest)
    return found


_ROWS = _read(_TABLE_2, False) | _read(_TABLE_3, True)


def published(criteria: Criteria, fraction: float, noise: bool) -> Published | None:
    """Return the row of table 2, or with ``noise`` of table 3; None where the paper has none."""
    return _ROWS.get((criteria, fraction, noise))
