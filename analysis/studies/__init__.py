"""Studies: images put to a panel, and what their votes show."""
