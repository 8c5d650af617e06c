"""Sweeps of any key: what is varied, which trial comes next, and what was found."""
