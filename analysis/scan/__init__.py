"""What a scan found: dissents, and how often the panel agrees and is right."""
