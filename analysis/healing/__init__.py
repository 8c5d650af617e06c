"""What healing changed, round by round and arm by arm."""
