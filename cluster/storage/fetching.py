"""Fetching a run from an object store into the folder that stands for it: what is missing or differs."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from outvoted.cluster.storage.index import Index, Local, Pair, last_said, local
from outvoted.cluster.storage.store import Store, Stored
from outvoted.search.errors import OutvotedError

AT_ONCE = 16
"""Transfers."""
_TRIES = 3
_UNALTERED = (".parquet", ".safetensors", ".png")
"""Files that are written once, or again with the same content."""
_GROWING = "tb/"


def fetch(store: Store, index: Index) -> None:
    """Have the run's folder hold what the store does.

    What was written here and did not get there yet stays, unless another process has gone on with the run
    since: then the store alone counts.

    Raises:
        OutvotedError: the store or the disk refuses.
    """
    for left in reversed(range(_TRIES)):
        try:
            return _fetch(store, index)
        except FileNotFoundError:  # whoever is at work there has just removed an object
            if not left:
                raise OutvotedError(
                    expected=f"what is at {store.url} to stay there while it is fetched",
                    found="objects that were removed meanwhile, several times over",
                    remedy="try again in a while",
                ) from None
    return None


def _fetch(store: Store, index: Index) -> None:
    there, here = _consistent(store), index.local()
    epoch = last_said(store.read("run.json"))[0]
    stale = epoch > index.epoch  # somebody has gone on with it since
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wanted = [name for name in there if not _same(name, there, here, index, stale)]
        list(pool.map(lambda name: store.get(name, index.folder / name), sorted(wanted)))
    for name in sorted(here.keys() - there.keys(), key=lambda name: -here[name].at):  # markers first
        if stale or name in index.pairs:  # removed there since
            (index.folder / name).unlink(missing_ok=True)
    kept = {name: pair for name, pair in index.pairs.items() if name in there}
    fresh = ((name, local(index.folder / name)) for name in [*wanted, *_adopted(there, here, kept)])
    index.pairs = kept | {name: Pair(found, there[name]) for name, found in fresh if found is not None}
    index.epoch = epoch
    index.save()


def _consistent(store: Store) -> dict[str, Stored]:
    """List objects such that a table of a unit is listed if one that was put after it is.

    A listing takes a while, in which objects are put: what is named like an object of the first listing may
    only be in a second one. Where some were removed meanwhile, what replaces them may be in neither.

    Raises:
        FileNotFoundError: objects were removed meanwhile.
    """
    first = store.objects()
    if b'"running"' not in (store.read("run.json") or b""):
        return first
    second, units = store.objects(), {_unit(name) for name in first}
    if first.keys() - second.keys():
        raise FileNotFoundError
    return {name: one for name, one in second.items() if _unit(name) in units}


def _unit(name: str) -> str:
    return name.rpartition("/")[2]


def _same(name: str, there: dict[str, Stored], here: dict[str, Local], index: Index, stale: bool) -> bool:
    """Return whether the file here need not be fetched."""
    found, pair = here.get(name), index.pairs.get(name)
    if found is None:
        return False
    if pair is not None and pair.stored == there[name]:
        return pair.local == found or not stale
    if name.startswith(_GROWING) and not stale:
        return found.size >= there[name].size
    return found.size == there[name].size and name.endswith(_UNALTERED)


def _adopted(there: dict[str, Stored], here: dict[str, Local], kept: dict[str, Pair]) -> Iterable[str]:
    """Name files that were the same without anything being known of them."""
    for name in there.keys() & here.keys():
        same = here[name].size == there[name].size and name.endswith(_UNALTERED)
        if same and (name not in kept or kept[name].stored != there[name]):
            yield name
