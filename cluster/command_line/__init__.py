"""The commands of outvoted, and what they print."""
