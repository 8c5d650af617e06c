"""The site's pages that are not Markdown: a notebook is shown with its code, its output and its pictures."""

import base64
import json
import re
from pathlib import PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put a page of Markdown, and files for its pictures, in the place of each notebook."""
    for notebook in [file for file in files if file.src_uri.endswith(".ipynb")]:
        name = notebook.src_uri.removesuffix(".ipynb")
        pictures: dict[str, bytes] = {}
        text = page(json.loads(notebook.content_string)["cells"], name.rpartition("/")[2], pictures)
        files.remove(notebook)
        files.append(File.generated(config, f"{name}.md", content=text))
        for picture, content in pictures.items():
            place = str(PurePosixPath(notebook.src_uri).with_name(picture))
            files.append(File.generated(config, place, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Let links to notebooks, which lead there on GitHub, lead to their pages."""
    return re.sub(r"\]\(([\w/-]+)\.ipynb\)", r"](\1.md)", markdown)


def page(cells: list[dict[str, Any]], name: str, pictures: dict[str, bytes]) -> str:
    """Write cells as Markdown; pictures are collected under the names by which the page shows them."""
    parts: list[str] = []
    for cell in cells:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        for output in cell.get("outputs", ()):
            parts.append(_shown(output, name, pictures))
    return "\n\n".join(part for part in parts if part) + "\n"


def _shown(output: dict[str, Any], name: str, pictures: dict[str, bytes]) -> str:
    """A picture before a table before text."""
    data = output.get("data", {})
    if "image/png" in data:
        picture = f"{name}-{len(pictures) + 1}.png"
        pictures[picture] = base64.b64decode(data["image/png"])
        return f"![What the cell above shows]({picture})"
    if "text/html" in data:
        return "".join(data["text/html"])
    text = "".join(output.get("text", data.get("text/plain", "")))
    return f"```text\n{text.rstrip()}\n```" if text.strip() else ""
