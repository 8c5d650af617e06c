"""Numbers in the labels of settings."""


def plain(value: float) -> str:
    """Write a number in full, so that no two are written alike; whole ones without a point: 127.5, 70."""
    return repr(value).removesuffix(".0")
