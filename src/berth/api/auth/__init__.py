"""Who asks: ways of knowing callers, each from a request to a caller."""

from berth.api.auth.authenticator import AuthenticationFailed, Authenticator
from berth.api.auth.dev import dev
from berth.model.caller import Caller

__all__ = ["AuthenticationFailed", "Authenticator", "Caller", "dev"]
