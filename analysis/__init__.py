"""What it means: tables, figures, replays."""
