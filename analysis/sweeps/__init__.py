"""Sweeps: networks of many settings, trained and measured epoch by epoch."""
