"""The dashboard: pages that ask /v1, and the face that serves them."""
