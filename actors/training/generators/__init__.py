"""Generators of images, and their training."""
