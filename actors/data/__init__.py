"""Data sets and repositories of images, read from files by one policy."""
