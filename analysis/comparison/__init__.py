"""Strategies compared on one panel and the same seeds."""
