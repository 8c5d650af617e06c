"""Starting a run: from a form made of the schema, or from YAML whose errors are shown at their lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from outvoted.actors.runs.commands import command_of
from outvoted.cluster.configuration.keys import Schema, packaged
from outvoted.cluster.configuration.located import Located, located
from outvoted.cluster.configuration.ready import ReadyConfig, named, ready
from outvoted.cluster.configuration.strict_yaml import NotPlainYamlError, parse
from outvoted.cluster.console.terminal import command
from outvoted.cluster.jobs.kinds import ENTRIES, kind_called
from outvoted.cluster.service.errors import status_of
from outvoted.cluster.service.looking import summaries
from outvoted.cluster.service.pages.fields import FieldGroup, as_yaml, form, overrides, with_changes
from outvoted.cluster.service.pages.rendering import page
from outvoted.cluster.service.pages.words import path
from outvoted.cluster.service.service import Here, Service
from outvoted.cluster.service.starting import NewRun, check, start
from outvoted.search.errors import OutvotedError

router = APIRouter()
_FIRST = ("mnist", "compare-mnist", "heal-mnist", "tune-small", "study-iris", "scan-checkerboard")
"""What needs nothing but the package, and minutes: shown first."""
_WRITTEN = ("tune",)
"""Kinds of runs that are written as YAML: their keys are paths of others, for which no form has fields."""
_LONGEST = 256 << 10
Word = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True)
class Draft:
    """A run that somebody is about to start.

    Attributes:
        base: the ready configuration that it begins with; None where it is all written by hand.
        name: the run's name.
        text: YAML; None where the form is filled in.
        posted: what was filled in.
    """

    base: ReadyConfig | None
    name: str
    text: str | None = None
    posted: Mapping[str, str] = field(default_factory=dict)

    @property
    def groups(self) -> list[FieldGroup]:
        """The form."""
        assert self.base is not None
        return form(_schema(self.base.kind), parse(_text_of(self.base)), self.posted)

    def wanted(self) -> NewRun:
        """Return the run as it is to be checked and started.

        Raises:
            OutvotedError: a field holds no YAML.
        """
        if self.text is not None or self.base is None:
            return NewRun(self.text or "", None, self.name or None)
        return NewRun(_text_of(self.base), self.base.kind, self.name or None, self.changes())

    def changes(self) -> tuple[str, ...]:
        """Return what was changed in the form, as ``--set`` takes it.

        Raises:
            OutvotedError: a field holds no YAML.
        """
        try:
            return tuple(text for _, text in overrides(self.groups))
        except NotPlainYamlError as error:
            raise OutvotedError("values in YAML", str(error), "correct that field") from error

    @property
    def shell(self) -> str:
        """The command that does the same; empty where there is none yet."""
        if self.base is None or self.text is not None:
            return ""
        try:
            sets = [part for one in self.changes() for part in ("--set", one)]
        except OutvotedError:
            return ""
        return command(
            "outvoted", command_of(self.base.kind), self.base.name, "--name", self.name or "NAME", *sets
        )


@dataclass(frozen=True)
class DraftAnswer:
    """What is said of a draft.

    Attributes:
        understood: lines of what a check found; None where nothing was checked.
        error: what is wrong with all of it.
        wrong: the same by line, of a text, and by key, of a form.
    """

    understood: Sequence[str] | None = None
    error: OutvotedError | None = None
    wrong: Sequence[Located] = ()

    @property
    def by_key(self) -> Mapping[str, str]:
        """What is wrong with each key."""
        problems = () if self.error is None else self.error.problems
        return {one.place: f"{one.expected}; found {one.found}" for one in problems}


@router.get("/start")
def offer(
    request: Request,
    service: Here,
    config: Annotated[Word, Query(alias="ready")] = "",
    kind: Word = "",
    write: Annotated[Word, Query(alias="as")] = "",
) -> HTMLResponse:
    """Show what can be started; with a configuration named, its form, or its text."""
    if not config and write != "yaml":
        return page(request, "start_choice.html", entries=ENTRIES.values(), configs=ready(), first=_FIRST)
    base = named(config) if config else None
    writes = write == "yaml" or (base is not None and base.kind in _WRITTEN)
    text = (_text_of(base) if base else _minimal(kind)) if writes else None
    return _shown(request, service, Draft(base, _free_name(service, config or "run"), text), DraftAnswer())


@router.post("/start")
async def begin(request: Request, service: Here) -> Response:
    """Start a run and go to its page; or only check it, or show the form as it is now."""
    async with request.form(max_files=0, max_fields=1000, max_part_size=_LONGEST) as sent:
        given = {name: value for name, value in sent.items() if isinstance(value, str)}
    return await run_in_threadpool(_answered, request, service, given)


def _answered(request: Request, service: Service, given: Mapping[str, str]) -> Response:
    config, do = given.get("ready", ""), given.get("do", "show")
    text = given.get("config")
    base = named(config) if config else None
    if base is None and text is None:
        raise OutvotedError("a configuration to start", "none", "choose one at /start")
    posted = {
        name.removeprefix("set."): value.replace("\r\n", "\n")
        for name, value in given.items()
        if name.startswith("set.")
    }
    draft = Draft(
        base, given.get("name", "").strip(), None if text is None else text.replace("\r\n", "\n"), posted
    )
    try:
        if do == "yaml":
            return _shown(request, service, _written(draft), DraftAnswer())
        if do == "check":
            return _shown(request, service, draft, DraftAnswer(check(service, draft.wanted())))
        if do == "start":
            return RedirectResponse(path("runs", start(service, draft.wanted())), 303)
    except OutvotedError as error:
        wrong = located(error, draft.text) if draft.text is not None else ()
        return _shown(request, service, draft, DraftAnswer(error=error, wrong=wrong), status_of(error))
    return _shown(request, service, draft, DraftAnswer())


def _shown(
    request: Request, service: Service, draft: Draft, answer: DraftAnswer, status: int = 200
) -> HTMLResponse:
    return page(request, "start.html", status, draft=draft, answer=answer)


def _written(draft: Draft) -> Draft:
    """Return a draft whose form has become text: the ready text, comments and all, if nothing was changed."""
    if draft.base is None or draft.text is not None:
        return draft  # it is text already
    text = _text_of(draft.base)
    if draft.changes():
        text = as_yaml(with_changes(parse(text), draft.groups))
    return Draft(draft.base, draft.name, text)


def _text_of(base: ReadyConfig) -> str:
    """Return a ready configuration without the line for editors."""
    return base.path.read_text("utf-8").partition("\n")[2]


def _minimal(kind: str) -> str:
    return "\n".join(ENTRIES[kind_called(kind or next(iter(ENTRIES)))].minimal) + "\n"


@cache
def _schema(kind: str) -> Schema:
    return packaged(kind)


def _free_name(service: Service, stem: str) -> str:
    """Return a name that no run has yet: the stem, or with the first number that makes it one."""
    taken = {run.name for run in summaries(service)}
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (stem, *numbered) if name not in taken)
