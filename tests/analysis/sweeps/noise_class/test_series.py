"""Noises that differ in one parameter only."""

from typing import Any

from outvoted.actors.data.noises import NoiseClass
from outvoted.analysis.sweeps.noise_class.results import series


def found(*noises: dict[str, Any]) -> dict[tuple[str, str], tuple[tuple[float, str], ...]]:
    """Name the noises a, b, c and return the places of each series."""
    named = [(name, NoiseClass.model_validate(one)) for name, one in zip("abcdefgh", noises, strict=False)]
    return {(one.parameter, one.label): one.places for one in series(named)}


def gaussian(number: float = 1, **more: Any) -> dict[str, Any]:
    return {"noise": {"kind": "gaussian", **more}, "number": number}


def test_every_parameter_makes_a_series_and_one_noise_may_be_in_several() -> None:
    assert found(
        gaussian(deviation=70),
        gaussian(deviation=10),
        gaussian(mean=64),
        gaussian(number=5),
        gaussian(filter="median", size=5),
        gaussian(filter="median", size=3),
        gaussian(filter="mean", size=3),
    ) == {
        ("deviation", "Gaussian, mean 127.5, 1×"): ((10, "b"), (70, "a")),
        ("mean", "Gaussian, deviation 70, 1×"): ((64, "c"), (127.5, "a")),
        ("number", "Gaussian, mean 127.5, deviation 70"): ((1, "a"), (5, "d")),
        ("scale", "Gaussian, median filter, mean 127.5, deviation 70, 1×"): ((1, "a"), (3, "f"), (5, "e")),
        ("scale", "Gaussian, mean filter, mean 127.5, deviation 70, 1×"): ((1, "a"), (3, "g")),
    }


def test_noises_that_differ_in_two_parameters_make_no_series() -> None:
    assert found(gaussian(deviation=10), gaussian(mean=64), gaussian(number=2, deviation=30)) == {}


def test_uniform_and_gaussian_noise_are_apart_and_ranges_are_named() -> None:
    uniform = {"noise": {"kind": "uniform", "low": 10}, "number": 1}
    assert found(gaussian(), uniform, {**uniform, "number": 2}) == {
        ("number", "uniform, 10 to 255"): ((1, "b"), (2, "c"))
    }


def test_solid_colours_and_mixtures_are_in_no_series() -> None:
    solid = {"noise": {"kind": "solid"}, "number": 1}
    mixture = {"noise": {"kind": "mixture", "parts": [{}]}, "number": 1}
    assert found(solid, {**solid, "number": 2}, mixture, {**mixture, "number": 2}) == {}


def test_there_may_be_none() -> None:
    assert found() == {}
