"""What all reports are made of: tables, pages, pictures, claims and their intervals."""
