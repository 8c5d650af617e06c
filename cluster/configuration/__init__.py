"""YAML and overrides, read into one value; keys: what may stand, what may change, and what is wrong."""
