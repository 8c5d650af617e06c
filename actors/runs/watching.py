"""TensorBoard's files are for whoever watches: a disk that refuses them stops no run."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

Method = TypeVar("Method", bound=Callable[..., None])


class Watched:
    """What writes TensorBoard's files; it gives up, for good, at the first that the system refuses.

    Attributes:
        refused: what the system said then, None as long as it refuses nothing.
    """

    refused: str | None = None


def spares_the_run(write: Method) -> Method:
    """Have a method of a :class:`Watched` note an error of the system instead of raising it."""

    @wraps(write)
    def tried(self: Watched, *args: Any, **kwargs: Any) -> None:
        if self.refused is None:
            try:
                write(self, *args, **kwargs)
            except OSError as error:
                self.refused = error.strerror or str(error)

    return cast(Method, tried)


def unmeasured(refused: str | None) -> str | None:
    """Say, in a sentence, that metrics show no more; None where Ray takes everything."""
    return (
        None if refused is None else f"metrics show this run in part only ({refused}); no result is missing"
    )


def unwatched(watched: Watched) -> str | None:
    """Say, in a sentence, that TensorBoard shows no more; None where it shows everything."""
    if watched.refused is None:
        return None
    return f"TensorBoard shows this run in part only ({watched.refused}); no result is missing"
