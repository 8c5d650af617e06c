"""What mining found: the summary, mistakes, their surroundings, and whether they replay."""
