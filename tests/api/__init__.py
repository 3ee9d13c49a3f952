"""The API over HTTP: what it says of itself, what it answers, what it refuses."""
