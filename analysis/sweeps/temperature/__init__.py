"""The temperature experiment: its training, and its report as in Bečková, Pócoš and Farkaš."""
