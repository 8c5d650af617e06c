"""The kinds of runs, each in a folder of its own, and how a run is launched, whatever its kind."""
