"""What may be wrong with what is varied in a run of mining, and what is said of it."""

from typing import Any

KINDS = {"search.strategy": ["hillclimb", "gradient"]}


def when(**paths: Any) -> dict[str, Any]:
    return {path.replace("__", "."): wanted for path, wanted in paths.items()}


BAD: dict[str, tuple[Any, str, str, str]] = {
    "an unknown key": (
        {"search.patienc": [1]},
        "only known keys in search",
        "the unknown key 'search.patienc'",
        "did you mean 'patience'?",
    ),
    "an unknown section": (
        {"serch.patience": [1]},
        "only known keys in vary",
        "the unknown key 'serch'",
        "did you mean 'search'?",
    ),
    "the kind of run before the key": (
        {"mine.search.patience": [1]},
        "the path of a key within mine",
        "'mine.search.patience'",
        "leave out 'mine.'",
    ),
    "no path": (
        {"search..patience": [1]},
        "the path of a key, say search.patience",
        "'search..patience'",
        "write it as it stands in the configuration, its keys joined by points",
    ),
    "a key on which no result depends": (
        {"device": ["cpu", "cuda"]},
        "keys on which results depend",
        "device, which says where and how fast runs compute",
        "set it in the configuration itself",
    ),
    "where the work goes": (
        {"cluster.cells": [1, 2]},
        "keys on which results depend",
        "cluster.cells, which says where and how fast runs compute",
        "set it in the configuration itself",
    ),
    "a value out of bounds": (
        {"search.patience": [5, 0]},
        "search.patience: a number of at least 1",
        "0",
        "correct search.patience in vary",
    ),
    "a value of another type": (
        {"search.patience": ["many"]},
        "search.patience: a whole number",
        "'many'",
        "correct search.patience in vary",
    ),
    "true for a number": (
        {"search.patience": [True]},
        "search.patience: a whole number",
        "true",
        "correct search.patience in vary",
    ),
    "the lower end out of bounds": (
        {"search.strategy.rate": {"uniform": [0, 1]}},
        "search.strategy.rate: a number above 0",
        "0.0",
        "correct search.strategy.rate in vary",
    ),
    "the upper end out of bounds": (
        {"search.strategy.rate": {"uniform": [0.5, 2]}},
        "search.strategy.rate: a number of at most 1",
        "2.0",
        "correct search.strategy.rate in vary",
    ),
    "a range of fractions for whole numbers": (
        {"search.patience": {"uniform": [1.5, 100]}},
        "a range of whole numbers, which search.patience takes",
        "uniform: [1.5, 100]",
        "write randint: [2, 100]",
    ),
    "a range for words": (
        {"panel.training.optimizer": {"uniform": [0, 1]}},
        "panel.training.optimizer: one of adam, adamw, sgd",
        "0.0",
        "choose from: adam, adamw, sgd",
    ),
    "a misspelt kind": (
        {"search.strategy": ["hillclmb"]},
        "a known search.strategy.kind",
        "'hillclmb'",
        "did you mean 'hillclimb'?",
    ),
    "a misspelt knob of a kind that is chosen": (
        {"search.strategy": {"choice": [{"kind": "gradient", "rat": 0.2}]}},
        "only known keys in search.strategy",
        "the unknown key 'search.strategy.rat'",
        "did you mean 'rate'?",
    ),
    "a knob of another kind": (
        {"search.transform.height": [1]},
        "only known keys in search.transform",
        "the unknown key 'search.transform.height'",
        "choose from: border, budget, kind, move",
    ),
    "a knob without a when": (
        {**KINDS, "search.strategy.descent": [3]},
        "a `when` with search.strategy.descent, which not every search.strategy has",
        "search.strategy.descent, varied with hillclimb too",
        "add when: {search.strategy: gradient}",
    ),
    "a knob with too wide a when": (
        {
            "search.strategy": ["hillclimb", "gradient", "random"],
            "search.strategy.descent": {"grid": [3], "when": when(search__strategy=["gradient", "random"])},
        },
        "a `when` with search.strategy.descent, which not every search.strategy has",
        "search.strategy.descent, varied with random too",
        "add when: {search.strategy: gradient}",
    ),
    "a when that no value fulfils": (
        {**KINDS, "search.patience": {"grid": [3], "when": when(search__strategy="genetic")}},
        "search.patience: a value of search.strategy in `when`, where the key can hold",
        "search.strategy: 'genetic', which never holds",
        "choose from: hillclimb, gradient",
    ),
    "a when that the configuration does not fulfil": (
        {"search.patience": {"grid": [3], "when": when(search__realism=False)}},
        "search.patience: a `when` that can hold",
        "search.realism: false, where the configuration has true",
        "vary search.realism too, or leave this key out",
    ),
    "a when out of a range": (
        {
            "search.patience": {"randint": [1, 9]},
            "search.seed": {"grid": [3], "when": when(search__patience=10)},
        },
        "search.seed: a whole number from 1 to 9, as search.patience has, in `when`",
        "10, which never holds",
        "choose one of these",
    ),
    "a when on a range of fractions": (
        {
            "panel.training.learning_rate": {"uniform": [0.1, 0.9]},
            "search.seed": {"grid": [3], "when": when(panel__training__learning_rate=0.1)},
        },
        "search.seed: in `when` only keys whose values are listed, or whole numbers",
        "panel.training.learning_rate, a range",
        "list the values of panel.training.learning_rate: grid or choice",
    ),
    "a when on a key that is not there": (
        {"search.patience": {"grid": [3], "when": when(search__strateg="gradient")}},
        "search.patience: in `when` keys that are varied, or that the configuration has",
        "'search.strateg'",
        "did you mean 'search.strategy'?",
    ),
    "conditions that never hold together": (
        {
            **KINDS,
            "search.realism": {"choice": [True, False], "when": when(search__strategy="gradient")},
            "search.patience": {
                "grid": [3],
                "when": when(search__strategy="hillclimb", search__realism=True),
            },
        },
        "search.patience: a `when` whose conditions hold together",
        "when: {search.strategy: hillclimb, search.realism: true}, which never holds",
        "leave one of them out, or the key",
    ),
    "a key that is its own condition": (
        {"search.patience": {"grid": [3], "when": when(search__patience=3)}},
        "search.patience: a `when` on keys that don't depend on it",
        "a circle: search.patience needs search.patience",
        "leave out one `when` of these",
    ),
    "one key twice": (
        {"panel.networks.*.hidden": [3], "panel.networks.0.hidden": [4]},
        "each key varied once",
        "panel.networks.0.hidden, which is varied as panel.networks.*.hidden too",
        "leave one of them out",
    ),
    "a number beyond a list": (
        {"panel.networks.7.hidden": [3]},
        "one of the 5 in panel.networks, numbered 0 to 4",
        "'7' in 'panel.networks.7.hidden'",
        "choose one of them, * for all of them, or vary panel.networks as a whole",
    ),
    "items of what is no list": (
        {"search.*": [3]},
        "keys in search",
        "'*' in 'search.*'",
        "leave out .*",
    ),
    "keys within a number": (
        {"search.patience.more": [3]},
        "keys in search.patience",
        "'more' in 'search.patience.more'",
        "leave out .more",
    ),
    "more keys than anybody varies": (
        {f"panel.networks.{place}.hidden": [3] for place in range(101)},
        "vary: at most 100 of them",
        "{panel.networks.0.hidden: [3], panel.networks.1.hidden: [3], panel.networks.2.hidden: [3], "
        "panel.networks.3.hidden: [3], panel.networks.4.hidden: [3], panel.networks.5.hidden: [3], "
        "panel.networks.6.h…",
        "correct vary in s.yaml",
    ),
    "no values": (
        {"search.patience": []},
        "vary.search.patience.grid: at least 1 of them",
        "[]",
        "correct vary.search.patience.grid in s.yaml",
    ),
    "a value twice": (
        {"search.patience": [5, 5.0]},
        "vary.search.patience.grid: each value once",
        "[5, 5.0]",
        "correct vary.search.patience.grid in s.yaml",
    ),
    "two ways": (
        {"search.patience": {"grid": [5], "randint": [1, 2]}},
        "vary.search.patience: one of grid, choice, uniform, log_uniform, randint, not grid and randint",
        "{grid: [5], randint: [1, 2]}",
        "correct vary.search.patience in s.yaml",
    ),
    "no way": (
        {"search.patience": {"when": {"search.seed": 0}}},
        "vary.search.patience: one of grid, choice, uniform, log_uniform, randint",
        "{when: {search.seed: 0}}",
        "correct vary.search.patience in s.yaml",
    ),
    "a misspelt way": (
        {"search.patience": {"unifrom": [1, 2]}},
        "only known keys in vary.search.patience",
        "the unknown key 'vary.search.patience.unifrom'",
        "did you mean 'uniform'?",
    ),
    "ends the wrong way round": (
        {"search.patience": {"randint": [9, 1]}},
        "vary.search.patience.randint: two ends, the lower one first",
        "[9, 1]",
        "correct vary.search.patience.randint in s.yaml",
    ),
    "orders of magnitude of zero": (
        {"panel.training.learning_rate": {"log_uniform": [0, 1]}},
        "vary.panel.training.learning_rate.log_uniform: two ends above 0",
        "[0, 1]",
        "correct vary.panel.training.learning_rate.log_uniform in s.yaml",
    ),
    "one end": (
        {"panel.training.learning_rate": {"uniform": [1]}},
        "vary.panel.training.learning_rate.uniform: a list of 2",
        "[1]",
        "correct vary.panel.training.learning_rate.uniform in s.yaml",
    ),
    "whole ends that are none": (
        {"search.patience": {"randint": [1, 2.5]}},
        "vary.search.patience.randint.1: a whole number",
        "2.5",
        "correct vary.search.patience.randint.1 in s.yaml",
    ),
    "nothing varied": ({}, "vary: at least 1 of them", "{}", "correct vary in s.yaml"),
    "a word": (
        {"search.patience": "many"},
        "vary.search.patience: keys with values, as in {key: value}",
        "'many'",
        "correct vary.search.patience in s.yaml",
    ),
    "infinity": (
        {"panel.training.learning_rate": {"uniform": [1, float("inf")]}},
        "vary.panel.training.learning_rate.uniform.1: a finite number",
        "inf",
        "correct vary.panel.training.learning_rate.uniform.1 in s.yaml",
    ),
}
GRADIENT = ("the lower end out of bounds", "the upper end out of bounds")
