"""`outvoted serve`: the same runs behind an API and pages; all state is on disk and in Ray's job table."""
