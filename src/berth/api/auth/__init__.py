"""Authentication and authorization: from a request to a caller, and whether the caller may do an operation."""

from berth.api.auth.authenticator import AuthenticationFailed, Authenticator
from berth.api.auth.dev import dev
from berth.model.caller import Caller

__all__ = ["AuthenticationFailed", "Authenticator", "Caller", "dev"]
