"""A temperature sweep's table, drawn for the terminal."""

from rich.table import Table

from outvoted.actors.sweep_store import FINISHED
from outvoted.analysis.spread import Spread
from outvoted.analysis.temperature.labels import temperature_name
from outvoted.analysis.temperature.report import TemperatureReport


def temperature_table(report: TemperatureReport) -> Table:
    """Draw a line for each temperature, in percent, 80 columns wide; of the epsilons the headline."""
    drawn = Table(title=_title(report), title_justify="left", caption_justify="left")
    pixels = [f"{number + 1} px" for number in range(len(report.rows[0].fooled))]
    for name in ("T", "n", "right", f"ε {report.epsilons[0]:g}", "sat.", "r", *pixels):
        drawn.add_column(name, justify="right", no_wrap=True)
    for row in report.rows:
        correlation = row.correlation.mean
        drawn.add_row(
            temperature_name(row.temperature),
            str(row.seeds),
            row.test_accuracy.percent(),
            row.robustness[0].percent(),
            _mean(row.saturated),
            "–" if correlation is None else f"{correlation:.2f}",
            *(_mean(value) for value in row.fooled),
        )
    drawn.caption = (
        "% mean (± standard deviation) over n seeds; right: test images;\n"
        "ε: robust against FGSM; sat.: net values that are saturated;\n"
        "r: correlation of G(x) and the right class's confidence;\n"
        "px: fooled by at most so many pixels, of what was right"
    )
    return drawn


def _mean(value: Spread) -> str:
    return Spread(value.mean, None).percent()


def _title(report: TemperatureReport) -> str:
    others = ", ".join(f"{number} {what}" for what, number in report.units.items() if what != FINISHED)
    return f"{report.run}: after {report.epochs} epochs" + (f" ({others})" if others else "")


def trained_note(report: TemperatureReport) -> str:
    """Say below the claims which temperatures count as trained; nothing where all do."""
    if len(report.trained) == len(report.rows):
        return ""
    return f"; trained T: test accuracy within {100 * report.within:g} points of the best one's"
