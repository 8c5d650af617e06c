"""Pictures of a sweep of any keys: each as PNG and as an interactive plot."""
