"""The command line from its first moment on: `outvoted`, or `python -m outvoted.cluster`."""

from importlib import import_module

from outvoted.cluster.console.ending import nothing_started, signals_heeded


def main() -> None:
    """Run the command line."""
    with nothing_started(), signals_heeded():
        cli = import_module("outvoted.cluster.command_line.cli")
    cli.main()


if __name__ == "__main__":
    main()
