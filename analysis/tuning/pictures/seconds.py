"""How long trials took."""

import numpy as np
import plotly.graph_objects as go

from outvoted.analysis.report.report import Plot
from outvoted.analysis.tuning.pictures.marks import axis_title, plotly_points
from outvoted.analysis.tuning.pictures.shown import ShownTrials


def seconds_plot(shown: ShownTrials) -> Plot | None:
    """Return the seconds of each trial as an interactive plot; None where nobody measured them."""
    seconds = np.array([np.nan if row.seconds is None else row.seconds for row in shown.rows], np.float64)
    ran = np.array([row.same_as is None for row in shown.rows]) & np.isfinite(seconds)
    if not ran.any():
        return None
    figure = go.Figure()
    for mark, some in shown.sorts:
        those = some[ran[some]]
        if len(those):
            figure.add_scatter(**plotly_points(shown, mark, those, shown.numbers, seconds, briefly=True))
    figure.update_layout(
        xaxis={"title": axis_title("trial")},
        yaxis={"title": axis_title("seconds"), "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        height=300,
        showlegend=True,
        margin={"t": 40, "b": 50, "l": 60, "r": 20},
    )
    return Plot(figure, "What each trial took, over all its runs, without waiting for its turn.")
