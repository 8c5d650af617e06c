"""Healing: a panel fine-tuned on its own mistakes, beside two controls."""
