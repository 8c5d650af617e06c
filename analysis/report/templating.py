"""Templates, style sheets and scripts of pages; whatever is put into a template is escaped."""

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("outvoted.analysis.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    return found


def rendered(template: str, **values: Any) -> Markup:
    """Fill a template of ``templates/``; text in ``values`` stays text.

    Raises:
        ValueError: a number in a data block is infinite or NaN, which JSON has no word for.
    """
    return Markup(_environment().get_template(template).render(values))


@cache
def asset(name: str) -> str:
    """Return the text of a style sheet or script in ``assets/``."""
    return (resources.files("outvoted.analysis.report") / "assets" / name).read_text("utf-8")
