"""How networks and generators are trained."""
