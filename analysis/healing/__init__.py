"""What healing changed, by round and arm."""
