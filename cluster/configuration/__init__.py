"""YAML and overrides, read into one value; what is wrong with them, in words of keys."""
