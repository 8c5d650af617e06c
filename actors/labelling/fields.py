"""Values in a line of labels."""

from outvoted.search.errors import OutvotedError


def number_below(limit: int, text: str | None, what: str, where: str) -> int:
    """Return a whole number from 0 to ``limit`` - 1.

    Args:
        limit: how many there are.
        text: as it was written; None where the line ends before.
        what: what is numbered: "image", "label".
        where: "line 3 of labels.csv".

    Raises:
        OutvotedError: it is not a number, or out of range.
    """
    written = (text or "").strip()
    if written.isascii() and written.isdecimal() and len(written) < 10 and int(written) < limit:
        return int(written)
    raise OutvotedError(
        expected=f"a whole number from 0 to {limit - 1} as {what} in {where}",
        found=f"'{written}'" if written else "nothing",
        remedy="mend or delete the line; an image has the number that images/images.parquet gives it"
        if what == "image"
        else "mend or delete the line; classes are numbered from 0, in their order",
    )
