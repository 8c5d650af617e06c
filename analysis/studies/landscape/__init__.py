"""Classification landscapes: morphs, interpolations, and what the votes on them show (Powers et al.)."""
