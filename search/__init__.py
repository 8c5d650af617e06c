"""What is searched and how: arrays in, arrays out; no Ray, no files, no clock."""
