"""How far the training of a generator is, on disk."""

from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors

from outvoted.actors.runs.files import write_atomically
from outvoted.actors.training.generators.training import Checkpoint
from outvoted.search.errors import OutvotedError


def save(path: Path, key: str, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, all or nothing; ``key`` names the training it belongs to."""
    data = save_tensors(checkpoint.tensors, {"key": key, "step": str(checkpoint.step)})
    write_atomically(path, lambda partial: partial.write_bytes(data))


def load(path: Path, key: str) -> Checkpoint | None:
    """Read a checkpoint; None where there is none.

    Raises:
        OutvotedError: it cannot be read, or belongs to another training.
    """
    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            noted = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if noted["key"] != key:
            raise ValueError("one of other settings or other images")
        return Checkpoint(int(noted["step"]), tensors)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise OutvotedError(
            expected=f"the generator's checkpoint in {path}",
            found=str(error).splitlines()[0] if str(error) else type(error).__name__,
            remedy="delete the file and go on with --resume: the generator is trained from the start",
        ) from error
