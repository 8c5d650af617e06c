"""A run's folder: run.json, its tables, and files that are there whole or not at all."""
