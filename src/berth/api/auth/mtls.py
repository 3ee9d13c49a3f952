"""Client certificates. The handshake has proved that they are the client's own; here they are mapped to roles."""

from __future__ import annotations

from berth.api.auth.authenticator import AuthenticationFailed
from berth.api.http.messages import Request
from berth.model.caller import Caller
from berth.settings import Mtls


class ClientCertificates:
    """Knows callers by the common name of the certificate that their connection was made with."""

    def __init__(self, settings: Mtls) -> None:
        self._settings = settings

    def __call__(self, request: Request) -> Caller | None:
        """Whoever the certificate is of; None if the connection was made without one."""
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
            raise AuthenticationFailed("The certificate is of somebody who has no roles here.", caller)
        return caller
