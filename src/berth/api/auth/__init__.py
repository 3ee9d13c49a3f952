"""Who asks: ways of knowing callers, each from a request to a caller."""

from berth.api.auth.authenticator import Authenticate, Unknown
from berth.api.auth.dev import dev
from berth.model.caller import Caller

__all__ = ["Authenticate", "Caller", "Unknown", "dev"]
