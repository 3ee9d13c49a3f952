"""Why a request has no candidates, or few."""
