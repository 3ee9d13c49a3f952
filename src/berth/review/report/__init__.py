"""The forms of a review: text, JSON, SARIF and HTML."""
