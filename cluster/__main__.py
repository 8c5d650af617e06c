"""The command line from its first moment on: `outvoted`, or `python -m outvoted.cluster`."""

import sys
from importlib import import_module

from outvoted.cluster.console.ending import INTERRUPTED, signals_heeded


def main() -> None:
    """Run the command line. Its imports take seconds; a signal meanwhile ends it without a traceback."""
    try:
        with signals_heeded():
            cli = import_module("outvoted.cluster.command_line.cli")
    except KeyboardInterrupt as cut:
        by = f" by {cut}" if str(cut) else ""
        print(f"\nInterrupted{by} before anything started.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    cli.main()


if __name__ == "__main__":
    main()
