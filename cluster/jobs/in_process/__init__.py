"""Runs in one process, into the folders that their commands would fill."""
