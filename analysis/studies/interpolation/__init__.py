"""Interpolations of table rows, between one item of each of three classes (Powers et al., section II.B)."""
