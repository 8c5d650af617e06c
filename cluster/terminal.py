"""The terminal: text that comes from files is shown on it, and steers nothing."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from outvoted.cluster.shown import visible


class Terminal(Console):
    """A console that writes control characters within text as escapes, and makes no links."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Return what is written; rich's own codes for colours and bars stay."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                style = segment.style and segment.style.update_link(None)
                yield Segment(visible(segment.text), style)
