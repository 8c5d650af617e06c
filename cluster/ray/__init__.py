"""Connecting to Ray, calling it, placing actors, and leasing work to them."""
