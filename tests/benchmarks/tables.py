"""The tables of docs/performance.md, from what the benches measured.

python -m tests.benchmarks.tables bench            # prints them
python -m tests.benchmarks.tables bench --write    # puts them between the marks in docs/performance.md
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
GRID, PLAIN, ONE = "Foolbox, grid", "plain PyTorch, 128 random", "one candidate at a time"
NAMES = {
    ONE: "the paper's procedure, one candidate at a time",
    "one Ray call for each peer and candidate": "the same, one Ray call for each peer and candidate",
    GRID: "Foolbox `SpatialAttack`, 5×5×5 grid, criterion asks all peers",
    "Foolbox, grid, target first": "the same, criterion asks peers where the target is wrong",
    "Foolbox, 100 random": "Foolbox, 100 random moves",
    "ART, grid": "ART `SpatialTransformation`, 5×5×5 grid",
    "DeepXplore's objective": "DeepXplore's objective over the moves, scored from bytes",
    PLAIN: "forty lines of plain PyTorch, 128 random moves",
}
ORDER = [*NAMES]


def table(header: list[str], rows: list[list[str]]) -> str:
    """Write a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def engine(rows: pd.DataFrame) -> str:
    """Write a table for each panel, range and number of cores."""
    parts = []
    for (panel, where, cores), part in rows.groupby(["panel", "range", "cores"], sort=False):
        title = f"**{panel}, {where}, {'one core' if cores == 1 else f'{cores} cores'}**"
        parts.append(f"{title} (medians of {part['round'].nunique()}):\n\n{_compared(part)}")
    return "\n\n".join(parts)


def _compared(part: pd.DataFrame) -> str:
    rates = (part["mistakes"] / part["seconds"]).groupby([part["contender"], part["round"]]).first()
    others = [name for name in (ONE, GRID, PLAIN) if name in rates]
    header = ["", "mistakes/s", "% success", "inferences per mistake", "inferences/s"]
    header += [f"to {NAMES[name].split(',')[0]}" for name in others]
    floors = "floor_candidate" in part and part["floor_candidate"].notna().any()
    names = sorted(part["contender"].unique(), key=lambda name: ORDER.index(name) if name in ORDER else 99)
    found = []
    for name in names:
        own = part[part["contender"] == name]
        total = own[["searches", "mistakes", "inferences"]].sum()
        line = [
            NAMES.get(name, f"`{name.split(',')[0]}`{''.join(name.partition(',')[1:])}"),
            _number(rates[name].median()),
            f"{total['mistakes'] / total['searches']:.0%}".rstrip("%"),
            _number(total["inferences"] / total["mistakes"]) if total["mistakes"] else "",
            _number((own["inferences"] / own["seconds"]).median()),
            *(_ratio(rates[name], rates[other]) for other in others),
        ]
        found.append([*line, _share(own)] if floors else line)
    return table([*header, "% of the floor"] if floors else header, found)


def _ratio(own: pd.Series, other: pd.Series) -> str:
    ratios = (own / other).replace([float("inf")], float("nan")).dropna()
    return _number(ratios.median()) if len(ratios) else ""


def _share(own: pd.DataFrame) -> str:
    """Say which share of the time is what rendering and networks need at least."""
    if not own["candidates"].any():
        return ""
    least = own["candidates"] * own["floor_candidate"] + own["inferences"] * own["floor_inference"]
    return f"{(least / own['seconds']).median():.0%}".rstrip("%")


def floor(rows: pd.DataFrame) -> str:
    """Write what the machine does at best, and what a candidate and an inference need."""
    known = rows[rows["floor_candidate"].notna()].groupby("panel", sort=False).first()
    columns = "floor_operations", "floor_moved", "floor_inference", "floor_candidate"
    found = [
        [
            str(panel),
            *(
                _number(one[name] * scale)
                for name, scale in zip(columns, (1e-3, 1e-3, 1e6, 1e6), strict=True)
            ),
        ]
        for panel, one in known.iterrows()
    ]
    machine = rows.iloc[0]
    rates = f"{machine['operations_per_s'] / 1e9:.0f} GFLOP/s, {machine['bytes_per_s'] / 1e9:.0f} GB/s"
    header = [f"one core: {rates}", "kFLOP for an inference", "kB moved", "at least µs"]
    return table([*header, "at least µs for rendering"], found)


def ray_share(rows: pd.DataFrame) -> str:
    """Compare runs on Ray with a process for each core without it."""
    rates = (
        (rows["mistakes"] / rows["seconds"])
        .groupby([rows["range"], rows["contender"], rows["round"]])
        .first()
    )
    on_ray = rows[rows["contender"].str.endswith(", on Ray")]
    found = []
    for where, contender in on_ray[["range", "contender"]].drop_duplicates().itertuples(index=False):
        name = contender.removesuffix(", on Ray")
        ours, alone = rates[where, contender], rates[where, f"{name}, without Ray"]
        found.append(
            [f"`{name}`, {where}", _number(alone.median()), _number(ours.median()), _ratio(ours, alone)]
        )
    return table(["", "a process for each core: mistakes/s", "on Ray: mistakes/s", "Ray's share"], found)


def main_job(rows: pd.DataFrame) -> str:
    """Write how the main job compares with the paper's procedure."""
    rates = (rows["mistakes"] / rows["seconds"]).groupby([rows["contender"], rows["round"]]).first()
    base, lazy = ("one at a time, all networks see every candidate", "one at a time, lazily")
    found = [
        [
            str(name),
            *(_number(value) for value in (rates[name].median(),)),
            *(_ratio(rates[name], rates[other]) for other in (base, lazy)),
            *(_number((own[what] / own["seconds"]).median()) for what in ("candidates", "inferences")),
        ]
        for name, own in rows.groupby("contender", sort=False)
    ]
    header = ["", "mistakes/s", "ratio", "ratio to lazy", "candidates/s", "inferences/s"]
    return table(header, found)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def tables(folder: Path) -> Iterator[tuple[str, str]]:
    """Return the tables that can be made of what lies in a folder, by the names of their marks."""
    made: dict[str, tuple[str, Callable[[pd.DataFrame], str]]] = {
        "engine": ("engine", engine),
        "floor": ("engine", floor),
        "ray": ("engine", ray_share),
        "main-job": ("mining", main_job),
    }
    for mark, (name, make) in made.items():
        if not (path := folder / f"{name}.parquet").exists():
            continue
        rows = pd.read_parquet(path)
        if mark != "ray" or rows["contender"].str.endswith(", on Ray").any():
            yield mark, make(rows)


def main() -> None:
    """Print the tables, or put them into the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, nargs="?", default=Path("bench"))
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    text = PAGE.read_text()
    for mark, made in tables(given.folder):
        print(f"{mark}\n\n{made}\n")
        before, begin, rest = text.partition(f"<!-- {mark}: begin -->\n")
        _, end, after = rest.partition(f"<!-- {mark}: end -->")
        assert begin, f"{PAGE} needs the marks of {mark}"
        assert end, f"{PAGE} needs both marks of {mark}"
        text = f"{before}{begin}\n{made}\n\n{end}{after}"
    if given.write:
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
