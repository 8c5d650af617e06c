"""Panels of runs that vote on images of anyone: the questions, the answers, and who computes them where."""
