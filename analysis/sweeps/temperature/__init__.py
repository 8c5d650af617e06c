"""The temperature of sigmoids and robustness (Bečková, Pócoš and Farkaš)."""
