"""The value of training images, and a class of noise (Fan & Yezzi, section 5)."""
