"""The domain as values that carry their own rules. No I/O, no SQL, no NumPy."""
