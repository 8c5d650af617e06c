"""What the interactive plots of sweeps share."""

from collections.abc import Sequence

import plotly.graph_objects as go

from outvoted.analysis.report.numbers import Spread


def means(values: Sequence[Spread], mode: str = "lines+markers") -> dict[str, object]:
    """Return the attributes of a trace: means, ± one standard deviation."""
    return {
        "y": [value.mean for value in values],
        "error_y": {"type": "data", "array": [value.std or 0.0 for value in values], "thickness": 1},
        "mode": mode,
        "marker": {"size": 7},
    }


def shares_up(figure: go.Figure, along: str) -> None:
    """Write the y axis in percent, and say what lies along the x axis."""
    figure.update_layout(
        yaxis={"tickformat": ".1~%"},
        xaxis={"type": "category", "title": along},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
