"""Where runs are kept: a folder, or a URL that a folder of this machine stands for; and whose a run is."""
