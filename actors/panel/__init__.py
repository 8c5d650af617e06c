"""The panel: peers that vote, and what a network shows before it may join."""
