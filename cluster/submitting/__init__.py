"""Runs on a cluster as Ray Jobs, which outlive the shell: submitting, watching, stopping, fetching."""
