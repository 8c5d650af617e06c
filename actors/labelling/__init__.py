"""Labels that people give to a study's images: the page they type in, their files, and stand-ins for them."""
