"""Putting text and values from data into HTML so that they stay text and values."""

import html
import json
from typing import Any


def escape(text: object) -> str:
    """Return text that is safe between tags and within quoted attributes."""
    return html.escape(str(text), quote=True)


def json_block(identifier: str, values: Any) -> str:
    """Return a data block, ``<script type="application/json">``, that no text within can end.

    Raises:
        ValueError: a number is infinite or NaN, which JSON has no word for.
    """
    return raw_json_block(identifier, json.dumps(values, separators=(",", ":"), allow_nan=False))


def raw_json_block(identifier: str, text: str) -> str:
    """Return a data block of JSON that is written already."""
    safe = text.replace("<", "\\u003c")  # in JSON it stands in strings alone
    return f'<script type="application/json" id="{escape(identifier)}">{safe}</script>'


def plot_text(text: str) -> str:
    """Return text that Plotly, which takes some tags for markup, shows as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
