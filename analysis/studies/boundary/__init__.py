"""The classification boundary, humans against networks: what a study of it shows (Vlaar)."""
