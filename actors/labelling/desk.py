"""Where people label: each sees images in an order of their own, and may go back, correct and take back."""

import hashlib
import string
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from threading import RLock
from typing import Generic

from outvoted.actors.labelling.imported import import_text
from outvoted.actors.labelling.label_file import Answer, LabelFile
from outvoted.actors.labelling.label_form import MISSING, Key
from outvoted.actors.labelling.label_store import LabelStore
from outvoted.actors.labelling.label_task import LabelTask
from outvoted.actors.labelling.labellers import MOST, checked
from outvoted.search.errors import OutvotedError

KEYS = string.digits + string.ascii_lowercase
"""The keys of the classes, in their order."""
_AHEAD = 16  # images that are read at once: the one to look at and those after it
_HELD_BYTES = 1 << 26  # of images in memory


def check_keys(task: LabelTask[Key]) -> None:
    """Refuse what there are not enough keys for.

    Raises:
        OutvotedError: there are more classes.
    """
    if len(task.classes) > len(KEYS):
        raise OutvotedError(
            expected=f"at most {len(KEYS)} classes, one for each of the keys 0-9 and a-z",
            found=f"{len(task.classes)} classes in {task.name}",
            remedy="label elsewhere, and add the labels with --import FILE.csv",
        )


class Sheet(Generic[Key]):
    """One labeller's images and answers; an image is named by what tells nothing about it."""

    def __init__(self, labeller: str, task: LabelTask[Key], file: LabelFile[Key]) -> None:
        """Take up where the file ends.

        Raises:
            OutvotedError: it can't be read.
        """
        self._labeller, self._task, self._file = labeller, task, file
        self._answers = file.begin()
        self._known: dict[str, Key] = {}
        self.items: list[str] = []
        self.renew()

    def renew(self) -> None:
        """Look again at what there is to label; what was answered stays answered."""
        named = {self._name(key): key for key in self._task.sequence(self._labeller)}
        self._known |= named
        self.items = list(named)

    @property
    def labels(self) -> list[int | None]:
        """The label of each item, None where there is none yet."""
        answers = (self._answers.get(self._known[item]) for item in self.items)
        return [None if answer is None else answer.label for answer in answers]

    @property
    def begun(self) -> bool:
        """Whether the labeller has answered anything."""
        return bool(self._answers)

    def key(self, item: str) -> Key:
        """Return the image that an item is.

        Raises:
            OutvotedError: there is no such item on this sheet.
        """
        if item not in self._known:
            raise OutvotedError(
                expected=f"an item of {self._labeller}'s sheet",
                found=f"{item[:60]!a}, which is none of them",
                remedy="reload the page: what there is to label has changed",
            )
        return self._known[item]

    def after(self, item: str, count: int) -> list[Key]:
        """Return the image that an item is, and those that follow it."""
        here = self.items.index(item) if item in self.items else len(self.items)
        return [self.key(item), *(self._known[each] for each in self.items[here + 1 : here + count])]

    def put(self, item: str, answer: Answer) -> int:
        """Give an image its label, another one than before, or with ``MISSING`` none; on disk on return.

        Returns:
            how many images of this sheet are labelled now.

        Raises:
            OutvotedError: there is no such item, or the disk refuses; nothing changed.
        """
        key = self.key(item)
        known = self._answers.get(key)
        if known is None and answer.label != MISSING:
            self._file.append(key, answer)
            self._answers[key] = answer
        elif known is not None and known.label != answer.label:
            others = {one: given for one, given in self._answers.items() if one != key}
            changed = others if answer.label == MISSING else {**self._answers, key: answer}
            self._file.write(changed)
            self._answers = changed
        return sum(label is not None for label in self.labels)

    def _name(self, key: Key) -> str:
        text = "\0".join((self._task.name, self._labeller, *map(str, self._task.form.written(key))))
        return hashlib.sha256(text.encode()).hexdigest()[:24]


class Desk(Generic[Key]):
    """All labellers of one run; several threads may use it. While it is open nobody else may write labels."""

    def __init__(self, task: LabelTask[Key], store: LabelStore[Key]) -> None:
        """Take what there is to label, and where labels go.

        Raises:
            OutvotedError: there are more classes than keys, a file of labels can't be read, or another
                process is writing there.
        """
        check_keys(task)
        self.task, self.store = task, store
        self._album = Album(task)
        self._sheets: dict[str, Sheet[Key]] = {}
        self._writing = RLock()
        self._open = ExitStack()
        holding: AbstractContextManager[None] = store.sole_writer()
        self._open.enter_context(holding)
        try:
            store.answers()
        except OutvotedError:
            self.close()
            raise

    def close(self) -> None:
        """Let others write."""
        self._open.close()

    def sheet(self, labeller: str, renew: bool = False) -> Sheet[Key]:
        """Return a labeller's sheet; ``renew`` to look again at what there is to label.

        Raises:
            OutvotedError: the name is not a plain one, or the file can't be read.
        """
        if renew or labeller not in self._sheets:
            self.task.prepare()  # holds up nobody who answers
        with self._writing:
            if labeller not in self._sheets:
                if len(self._sheets) >= MOST:  # names that were only tried keep nobody out
                    self._sheets = {name: one for name, one in self._sheets.items() if one.begun}
                checked(labeller, {*self.store.names, *self._sheets})
                self._sheets[labeller] = Sheet(labeller, self.task, self.store.file(labeller))
            elif renew:
                self._sheets[labeller].renew()
            return self._sheets[labeller]

    def picture(self, labeller: str, item: str) -> bytes:
        """Return the PNG of an item.

        Raises:
            OutvotedError: there is no such labeller or item.
        """
        return self._album.first(self.sheet(labeller).after(item, _AHEAD))

    def put(self, labeller: str, item: str, label: int) -> int:
        """Record a label with the time; see ``Sheet.put``."""
        with self._writing:
            at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            return self.sheet(labeller).put(item, Answer(label, at))

    def add(self, data: bytes, called: str) -> dict[str, int]:
        """Add labels given elsewhere; see :func:`import_text`."""
        with self._writing:
            self._sheets.clear()
            return import_text(self.store, data, called)


class Album(Generic[Key]):
    """Images as they are looked at: some are read ahead, and as many kept as fit."""

    def __init__(self, task: LabelTask[Key]) -> None:
        self._task = task
        self._held: OrderedDict[Key, bytes] = OrderedDict()
        self._reading = RLock()

    def first(self, keys: Sequence[Key]) -> bytes:
        """Return the first of some images; the others are likely to be asked for next."""
        with self._reading:
            held = self._held.get(keys[0])
            if held is None:
                new = [key for key in keys if key not in self._held]
                found = dict(zip(new, self._task.pictures(new), strict=True))
                held = found[keys[0]]
                self._held.update(found)
                self._shrink()
            return held

    def _shrink(self) -> None:
        size = sum(map(len, self._held.values()))
        while size > _HELD_BYTES:
            size -= len(self._held.popitem(last=False)[1])
