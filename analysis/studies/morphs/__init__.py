"""Morphs of three images: pairs of two classes that turn into a third (Powers et al., section II.A)."""
