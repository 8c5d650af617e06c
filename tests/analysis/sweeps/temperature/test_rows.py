"""The table of temperatures, by hand."""

import numpy as np
import pytest

from outvoted.analysis.report.numbers import Spread
from outvoted.analysis.sweeps.temperature.measurements import temperature_name
from outvoted.analysis.sweeps.temperature.report import temperature_rows
from tests.analysis.sweeps.temperature.sweeps import arrange, layout, row


def test_means_and_deviations_over_seeds() -> None:
    rows = [
        row(2, 0, 1, test_accuracy=0.9, robustness=[0.2, 0.4], correlation=[-0.1, -0.2, -0.6]),
        row(2, 1, 1, test_accuracy=0.8, robustness=[0.4, 0.8], correlation_p=[0.5, 1e-9, 1e-9]),
        row(0.5, 1, 1),
    ]
    low, high = temperature_rows(arrange(rows, layout((2, 0.5), 2)))
    assert (low.temperature, low.seeds, high.temperature, high.seeds) == (0.5, 1, 2, 2)
    assert low.test_accuracy == Spread(0.9, None)
    assert high.test_accuracy.mean == pytest.approx(0.85)
    assert high.test_accuracy.std == pytest.approx(0.1 / 2**0.5)
    assert [value.mean for value in high.robustness] == pytest.approx([0.3, 0.6])
    assert high.correlation.mean == pytest.approx(-0.675)  # over all images: the last of the list
    assert high.significant == pytest.approx(0.75)
    assert [value.mean for value in high.fooled] == pytest.approx([0.2, 0.3])
    assert high.saturated.mean == pytest.approx(0.2)


@pytest.mark.filterwarnings("error")
def test_a_temperature_without_networks_has_no_figures() -> None:
    _, missing = temperature_rows(arrange([row(1, 0, 1)], layout((1, 2), 1)))
    nothing = Spread(None, None)
    assert missing.seeds == 0
    assert missing.test_accuracy == missing.saturated == missing.correlation == nothing
    assert missing.robustness == missing.fooled == (nothing, nothing)
    assert missing.significant is None


def test_a_network_that_diverged_is_counted_with_the_accuracy_it_has() -> None:
    nan = [np.nan] * 3
    diverged = row(1, 0, 1, test_accuracy=0.0, correlation=nan, correlation_p=nan, saturated=np.nan)
    (found,) = temperature_rows(arrange([diverged], layout((1,), 1)))
    assert (found.seeds, found.test_accuracy.mean, found.saturated.mean) == (1, 0.0, None)
    assert found.significant is None


@pytest.mark.parametrize(
    ("temperature", "name"),
    [(1 / 64, "1/64"), (0.5, "1/2"), (1, "1"), (16, "16"), (0.3, "0.3"), (1.5, "1.5"), (0.1, "1/10")],
)
def test_temperatures_are_named_as_in_the_paper(temperature: float, name: str) -> None:
    assert temperature_name(temperature) == name
