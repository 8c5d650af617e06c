"""Templates, style sheets and scripts of pages; whatever is put into a template is escaped."""

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


class Templates:
    """Templates in the folders ``templates/`` of some packages; those of the first come first.

    ``common`` are values that all of them have.
    """

    def __init__(self, *packages: str, **common: Any) -> None:
        self._environment = Environment(
            loader=ChoiceLoader([PackageLoader(package) for package in packages]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(common)
        self._environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}

    def rendered(self, template: str, **values: Any) -> Markup:
        """Fill a template; text in ``values`` stays text.

        Raises:
            ValueError: a number in a data block is infinite or NaN, which JSON has no word for.
        """
        return Markup(self._environment.get_template(template).render(values))


@cache
def _of_reports() -> Templates:
    return Templates("outvoted.analysis.report")


def rendered(template: str, **values: Any) -> Markup:
    """Fill a template of reports; see :meth:`Templates.rendered`."""
    return _of_reports().rendered(template, **values)


@cache
def asset(name: str) -> str:
    """Return the text of a style sheet or script in ``assets/``."""
    return (resources.files("outvoted.analysis.report") / "assets" / name).read_text("utf-8")
