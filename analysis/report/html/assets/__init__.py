"""Style sheets and scripts of pages, read from the package."""

from functools import cache
from importlib import resources


@cache
def asset(name: str) -> str:
    """Return the text of a file beside this one."""
    return resources.files(__name__).joinpath(name).read_text("utf-8")
