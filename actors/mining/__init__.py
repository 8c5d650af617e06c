"""Mining: the coordinator of a cell, verification, and what is recorded."""
