"""The terminal: progress, warnings, endings, and text that steers nothing."""
