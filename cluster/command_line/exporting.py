"""`outvoted export`: a run's mistakes as other programs read them."""

from pathlib import Path

from outvoted.actors.runs.run_folder import RunFolder
from outvoted.cluster.console.terminal import command, console
from outvoted.cluster.export.exporter import export
from outvoted.cluster.export.formats import exporter_named
from outvoted.cluster.export.mined import ExportChoice, of_run
from outvoted.search.shown import visible


def export_mistakes(path: Path, to: str, out: Path | None, choice: ExportChoice) -> None:
    """Write the mistakes of a run that are chosen, and say how to open them.

    Args:
        path: the run's folder.
        to: the format's name.
        out: where to; None for a name in the working directory, after the run's.

    Raises:
        OutvotedError: there is no such format, run or mistake, or it cannot be written.
    """
    exporter = exporter_named(to)
    images = of_run(RunFolder(path), choice)
    where = out or Path(f"{path.resolve().name}-mistakes{exporter.suffix or f'-{exporter.name}'}")
    export(exporter, images, where, console)
    count = "1 mistake" if images.count == 1 else f"{images.count:,} mistakes"
    console.print(f"{count} written to {visible(str(where))}. To open them:", soft_wrap=True)
    console.print(f"  {exporter.opened_by.replace('PATH', command(where))}", soft_wrap=True)
