"""An OpenID provider on this machine: discovery, keys, and tokens of any kind, right or wrong."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa


class Issuer:
    """Signs with keys that it may change. asked: how often its keys were fetched; away: it does not answer."""

    def __init__(self, url: str) -> None:
        self.url, self.asked, self.away = url, 0, False
        self.keys: dict[str, Any] = {}
        self.rotate("first")

    def rotate(self, number: str) -> None:
        self.keys = {number: rsa.generate_private_key(public_exponent=65537, key_size=2048)}

    def add_curve(self, number: str) -> None:
        self.keys[number] = ec.generate_private_key(ec.SECP256R1())

    def jwks(self) -> dict[str, Any]:
        keys = [{"kty": "oct", "kid": "secret", "k": "c2VjcmV0"}, {"kid": "nonsense"}]
        for number, key in self.keys.items():
            algorithm = jwt.algorithms.get_default_algorithms()["RS256" if _is_rsa(key) else "ES256"]
            keys.append({**json.loads(algorithm.to_jwk(key.public_key())), "kid": number, "use": "sig"})  # type: ignore[attr-defined]
        return {"keys": keys}

    def token(self, *, kid: str | None = None, algorithm: str = "RS256", key: Any = None, **claims: Any) -> str:
        now = time.time()
        told = {"iss": self.url, "aud": "berth", "sub": "u-1", "exp": now + 60, "roles": ["admin"], "project": "lab"}
        told |= claims
        told = {name: value for name, value in told.items() if value is not None}
        number = next(iter(self.keys)) if kid is None else kid
        return jwt.encode(told, key or self.keys[number], algorithm=algorithm, headers={"kid": number})


def _is_rsa(key: Any) -> bool:
    return isinstance(key, rsa.RSAPrivateKey)


@contextmanager
def running() -> Iterator[Issuer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told: dict[str, Any] = {"jwks_uri": f"{issuer.url}/keys"}
            if self.path == "/keys":
                issuer.asked += 1
                told = issuer.jwks()
            body = json.dumps(told).encode()
            self.send_response(500 if issuer.away else 200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that it has there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield issuer
        server.shutdown()
        thread.join()
