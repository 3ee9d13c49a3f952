"""Why a request has few candidates, or none."""
