"""Choosing one of several settings classes by a key, or a user's own class by its import path."""

import sys
from collections.abc import Mapping
from functools import reduce
from importlib import import_module
from operator import or_
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Discriminator, SerializeAsAny, Tag

from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.settings import Settings

_OWN = "MODULE:CLASS"


def choice(base: type[Settings], key: str, *classes: type[Settings]) -> Any:
    """Return a type for one of ``classes``, told apart by ``key``, or for a user's own subclass of ``base``.

    A value of ``key`` that has a colon is an import path: ``mypkg.moves:Wave``. The current directory is
    searched too.
    """
    known = [Annotated[form, Tag(_tag(form, key))] for form in classes]
    own = Annotated[SerializeAsAny[base], BeforeValidator(lambda value: _own(base, key, value)), Tag(_OWN)]  # type: ignore[valid-type]
    return Annotated[reduce(or_, [*known, own]), Discriminator(lambda value: _chosen(key, classes, value))]


def imported(path: str) -> Any:
    """Import ``module:name``.

    Raises:
        OutvotedError: there is no such module, or nothing of that name in it.
    """
    module, _, name = path.partition(":")
    if "" not in sys.path and "." not in sys.path:
        sys.path.append("")
    try:
        found = import_module(module)
    except ImportError as error:
        raise OutvotedError(
            expected=f"a module '{module}' to import '{name}' from",
            found=str(error),
            remedy="run in the folder that holds it, or install its package (on every machine of a cluster)",
        ) from error
    if not hasattr(found, name):
        raise OutvotedError(
            expected=f"'{name}' in the module {module} ({found.__file__})",
            found="nothing of that name",
            remedy=suggestion(name, [known for known in vars(found) if not known.startswith("_")]),
        )
    return getattr(found, name)


def _tag(form: type[BaseModel], key: str) -> str:
    return str(form.model_fields[key].default)


def _chosen(key: str, classes: tuple[type[Settings], ...], value: Any) -> str:
    """Return the tag of a mapping or of a value made already."""
    if isinstance(value, BaseModel):
        return _tag(type(value), key) if type(value) in classes else _OWN
    word = value.get(key, _tag(classes[0], key)) if isinstance(value, Mapping) else type(value).__name__
    return _OWN if ":" in str(word) else str(word)


def _own(base: type[Settings], key: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    form = imported(value[key])
    if not (isinstance(form, type) and issubclass(form, base)):
        raise ValueError(f"{value[key]} must be a class derived from {base.__module__}.{base.__name__}")
    return form.model_validate(value)
