"""The Placement API, 1.0 to 1.39: its routes, its words, and what each of its versions changed."""
