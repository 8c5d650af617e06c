"""Mistakes looked up in the Parquet files of a run: filtered, sorted and counted without being loaded."""
