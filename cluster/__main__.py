"""`python -m outvoted.cluster`: the command line without the installed script."""

from outvoted.cluster.cli import main

main()
