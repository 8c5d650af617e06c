"""Settings: frozen values that refuse unknown keys, and the choice of one class by its ``kind``.

A user's own class is chosen by its import path.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from importlib import import_module
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    SerializeAsAny,
    Tag,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from outvoted.search.errors import OutvotedError, suggestion
from outvoted.search.shown import Lookalike
from outvoted.search.trust import Trust, trust_of

_OWN = "MODULE:CLASS"


@dataclass(frozen=True)
class MayChange:
    """Marks a field of settings whose value a resumed run may change; with False, one that it may not.

    The outermost mark counts: it holds for everything within.
    """

    allowed: bool = True


@dataclass(frozen=True)
class NoResult:
    """Marks a field of settings that says where and how fast to compute: no result depends on it."""


def _each_once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values or len(set(values)) < len(values):
        raise ValueError("a list of at least one value, each once")
    return values


EACH_ONCE = AfterValidator(_each_once)
"""Marks a field of settings that holds a list: it must not be empty, nor hold a value twice."""


class Settings(BaseModel):
    """Frozen settings; a key that no field knows is an error, never ignored.

    Where a number is wanted, neither ``true`` nor a number in quotes is one; ``5.0`` is a whole number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    if not TYPE_CHECKING:  # type checkers know the arguments from the fields

        def __init__(self, /, **values: Any) -> None:
            try:
                super().__init__(**values)
            except ValidationError as error:
                from outvoted.search.explaining import explained  # which imports this module

                form = type(self)
                raise explained(form, error, f"{form.__name__}(...)") from None

        __init__.__pydantic_base_init__ = True  # values within others are still validated without it

    @model_validator(mode="before")
    @classmethod
    def _numbers_are_numbers(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {key: _marked(value, _kinds(cls, key)) for key, value in values.items()}

    def settled(self, channels: int) -> Self:
        """Return these settings with whatever they leave to the images decided, here and in those within.

        Args:
            channels: of the images.
        """
        values = {name: getattr(self, name) for name in type(self).model_fields}
        found = {name: _settled(value, channels) for name, value in values.items()}
        return self.model_copy(update={name: new for name, new in found.items() if new is not values[name]})


def _settled(value: Any, channels: int) -> Any:
    if isinstance(value, tuple) and any(isinstance(one, Settings) for one in value):
        return tuple(_settled(one, channels) for one in value)
    return value.settled(channels) if isinstance(value, Settings) else value


def _marked(value: Any, kinds: frozenset[Any]) -> Any:
    """Mark what only looks like a number, also in lists, where a field of ``kinds`` wants one."""
    if not kinds & {int, float} or Any in kinds:
        return value
    if isinstance(value, list | tuple):
        return type(value)(_marked(one, kinds) for one in value) if type(value) in (list, tuple) else value
    truth = isinstance(value, bool) and bool not in kinds
    quoted = isinstance(value, str) and str not in kinds and _reads_as_number(value)
    return Lookalike(value) if truth or quoted else value


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@cache
def _kinds(form: type[BaseModel], field: Any) -> frozenset[Any]:
    """Return the plain types that a field's annotation is made of; none of settings within it."""
    if field not in form.model_fields:
        return frozenset()
    leaves = _leaves(form.model_fields[field].annotation)
    return frozenset(leaf for leaf in leaves if leaf is Any or isinstance(leaf, type))


def _leaves(annotation: Any) -> Iterator[Any]:
    inner = get_args(annotation)
    if not inner:
        yield annotation
    for one in inner:
        yield from _leaves(one)


def plain(value: float) -> str:
    """Write a number in full, so that no two are written alike; whole ones without a point: 127.5, 70."""
    return repr(value).removesuffix(".0")


def choice(base: type[Settings], *classes: type[Settings]) -> Any:
    """Return a type for one of ``classes``, told apart by ``kind``, or for a user's own subclass of ``base``.

    A text stands for a kind with its usual settings: ``gradient`` for ``{kind: gradient}``. A ``kind`` that
    has a colon is an import path: ``mypkg.moves:Wave``. The current directory is searched too. A path that
    leads to no such class raises an OutvotedError when a value is validated, as does any path that the
    context of the validation does not trust (``outvoted.search.trust``).
    """

    def kind(value: Any) -> str:  # pydantic calls the key by this function's name
        if isinstance(value, BaseModel):
            return _tag(type(value)) if type(value) in classes else _OWN
        word = value.get("kind", _tag(classes[0])) if isinstance(value, Mapping) else type(value).__name__
        return _OWN if isinstance(word, str) and ":" in word else str(word)

    def made(value: Any, info: ValidationInfo) -> Any:
        return _own(base, value, trust_of(info.context)) if isinstance(value, Mapping) else value

    known = [Annotated[form, Tag(_tag(form))] for form in classes]
    own = Annotated[SerializeAsAny[base], BeforeValidator(made), Tag(_OWN)]  # type: ignore[valid-type]
    return Annotated[reduce(or_, [*known, own]), Discriminator(kind), BeforeValidator(_kind_alone)]


def _kind_alone(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


def imported(path: str) -> Any:
    """Import ``module:name``.

    Raises:
        OutvotedError: there is no such module, it fails, or has nothing of that name.
    """
    module, _, name = path.partition(":")
    if not re.fullmatch(r"\w+(\.\w+)*:\w+", path):
        raise OutvotedError(
            expected="an import path MODULE:CLASS, say mypkg.moves:Wave",
            found=repr(path),
            remedy="write the module's name, a colon, and the name of a class in it",
        )
    if "" not in sys.path and "." not in sys.path:
        sys.path.append("")
    try:
        found = import_module(module)
    except (Exception, SystemExit) as error:
        raise OutvotedError(
            expected=f"a module '{module}' to import '{name}' from",
            found=f"{type(error).__name__}: {error}",
            remedy="run in the folder that holds it, or install its package (on every machine of a cluster)"
            if isinstance(error, ModuleNotFoundError)
            else f"mend the module: python -c 'import {module}' shows where it fails",
        ) from error
    if not hasattr(found, name):
        raise OutvotedError(
            expected=f"'{name}' in the module {module} ({found.__file__})",
            found="nothing of that name",
            remedy=suggestion(name, [known for known in vars(found) if not known.startswith("_")]),
        )
    return getattr(found, name)


def _tag(form: type[BaseModel]) -> str:
    return str(form.model_fields["kind"].default)


def _own(base: type[Settings], value: Mapping[str, Any], trust: Trust) -> Settings:
    """Make a value of a user's own class."""
    path = value["kind"]
    what = f"{base.__name__.lower()} kind={path}"
    trust.check(path, what)
    try:
        form = imported(path)
    except OutvotedError as error:
        expected = f"{what}: {error.expected}"
        raise OutvotedError(expected, error.found, error.remedy) from error
    _check_usable(base, path, form)
    unknown = sorted(value.keys() - form.model_fields.keys())
    if unknown:
        raise OutvotedError(
            expected=f"only known keys for {path}",
            found=f"the unknown key '{unknown[0]}'",
            remedy=suggestion(unknown[0], form.model_fields),
        )
    made: Settings = form.model_validate(value, context=trust.context)
    return made


def _check_usable(base: type[Settings], path: str, form: Any) -> None:
    """Refuse what was imported unless it is a complete class derived from ``base``."""
    wanted = f"{path} to be a class derived from {base.__module__}.{base.__name__}"
    if not (isinstance(form, type) and issubclass(form, base)):
        found = f"the class {form.__name__}" if isinstance(form, type) else f"of type {type(form).__name__}"
        raise OutvotedError(wanted, f"something else, {found}", f"derive a class from {base.__name__}")
    missing = ", ".join(sorted(getattr(form, "__abstractmethods__", ())))
    if missing:
        raise OutvotedError(f"{wanted}, complete", f"one without {missing}", "write what is missing")
    if "kind" not in form.model_fields:
        raise OutvotedError(
            expected=f"the class {path} to have a field 'kind', with which it is written down",
            found=f"only {', '.join(form.model_fields) or 'no fields'}",
            remedy=f'add the line kind: str = "{path}" to the class',
        )
