"""What a study records: its images, and every network's votes on them."""
