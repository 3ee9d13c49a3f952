"""Client certificates, which the TLS handshake has verified, mapped to roles."""

from __future__ import annotations

from berth.api.auth.authenticator import AuthenticationFailed
from berth.api.http.messages import Request
from berth.model.caller import Caller
from berth.settings import Mtls


class ClientCertificates:
    """Authenticates callers by the common name of their connection's certificate."""

    def __init__(self, settings: Mtls) -> None:
        self._settings = settings

    def __call__(self, request: Request) -> Caller | None:
        """Return the caller that the certificate names; None if the connection has no certificate."""
        name = request.certificate
        if name is None:
            return None
        caller = Caller(
            user=name,
            project=self._settings.project,
            roles=frozenset(self._settings.roles.get(name, ())),
            via="mtls",
            address=request.address,
        )
        if name not in self._settings.roles:
            raise AuthenticationFailed("The certificate's subject has no roles here.", caller)
        return caller
