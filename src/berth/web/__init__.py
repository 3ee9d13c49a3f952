"""The dashboard: pages that query /v1, and the application that serves them."""
