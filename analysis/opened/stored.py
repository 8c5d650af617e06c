"""What a run's folder says of itself, read as a stranger's: it imports nothing that is not trusted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from outvoted.actors.data import datasets
from outvoted.actors.data.datasets import Dataset, DataSource
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.runs.run_record import RunRecord
from outvoted.search.errors import OutvotedError
from outvoted.search.trust import Trust

_DATA: TypeAdapter[DataSource] = TypeAdapter(DataSource)


def record_of(store: RunFolder, trust: Trust) -> RunRecord:
    """Read a run's record, whose configuration must name no code that is not trusted.

    Raises:
        OutvotedError: it does, or cannot be read.
    """
    record = store.read_record()
    trust.at(store.path / "run.json").check_all(record.config)
    return record


def configured(form: Any, record: RunRecord, part: str | None, path: Path, trust: Trust) -> Any:
    """Return settings of a class, or of a union of classes, from the configuration in a run's record.

    Args:
        form: what pydantic makes a TypeAdapter of.
        part: the key they stand under, with dots where it is nested; None for the whole configuration.
        path: the run's folder, for messages.

    Raises:
        OutvotedError: they are none of this version's, or name code that is not trusted.
    """
    file = path / "run.json"
    values: Any = record.config
    for key in () if part is None else part.split("."):
        values = values.get(key) if isinstance(values, Mapping) else None
    adapter = form if isinstance(form, TypeAdapter) else TypeAdapter(form)
    try:
        found = adapter.validate_python(values, context=trust.at(file).context)
    except ValidationError as error:
        where = "the configuration" if part is None else f"'{part}'"
        raise OutvotedError(
            expected=f"the configuration of a run of this version of Outvoted in {file}",
            found=f"{where} with keys or values that are not this version's",
            remedy="restore run.json, or read the run with the version of outvoted that wrote it",
        ) from error
    return found


def data_of(record: RunRecord, path: Path, trust: Trust) -> Dataset:
    """Load the images a run was made from.

    Raises:
        OutvotedError: they cannot be had, or are other images than the run's.
    """
    data = datasets.load(configured(_DATA, record, "data", path, trust))
    if record.data is not None and data.fingerprint != record.data.fingerprint:
        raise OutvotedError(
            expected=f"the {data.name} images that {path} was made from",
            found=f"other images or labels in {data.folder}",
            remedy="restore the data set",
        )
    return data
