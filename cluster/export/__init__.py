"""Mined images written for other programs: one interface, a file for each format."""
