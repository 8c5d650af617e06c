"""Outvoted from Python and notebooks."""
