"""What a sweep records of its many networks."""
