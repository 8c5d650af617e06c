"""A run's folder, opened to be read in this process: a stranger's, until it is trusted."""
