"""Who may ask what, and how much: tokens, cookies, forms, hosts, headers, limits."""
