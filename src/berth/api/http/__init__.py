"""HTTP: requests and replies as values, and the server that reads and writes them."""
