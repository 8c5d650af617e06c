"""Connecting to Ray, placing actors, and leasing work to them."""
