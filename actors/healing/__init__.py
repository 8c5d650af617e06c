"""Healing: a panel trained on its own mistakes, beside two controls."""
