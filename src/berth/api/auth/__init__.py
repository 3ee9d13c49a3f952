"""Who asks: ways of knowing callers, each from a request to a caller."""

from berth.api.auth.dev import dev
from berth.api.auth.knowing import Authenticate, Unknown
from berth.model.caller import Caller

__all__ = ["Authenticate", "Caller", "Unknown", "dev"]
