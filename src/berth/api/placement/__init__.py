"""The Placement API, 1.0 to 1.39: its routes, its schemas, and what each version changed."""
