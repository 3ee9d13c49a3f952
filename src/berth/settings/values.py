"""The settings as values. docs/configuration.md explains each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import quote

import msgspec

LONGEST_QUERY: Final = 65_000
"""The most that `limits.query_bytes` may be: the HTTP server takes no target of more than 65,534 bytes."""

LARGEST_HEADERS: Final = 400_000
"""The most that `limits.header_bytes` may be: the HTTP server takes no head of more than about 417,792 bytes."""

LONGEST_KEEP_S: Final = 400 * 86_400
"""The most that `keys.keep_seconds` and `endings.keep_seconds` may be."""

LONGEST_HOLD_S: Final = 30 * 86_400
"""The most that `holds.longest_seconds` may be: what is pending is unused room."""


MOST_PROJECTS: Final = 100
"""The most that `metrics_projects` may be: each project has a series for each class."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the settings file."""


class Tls(Section, frozen=True):
    """HTTPS, served by Berth itself. Files in PEM form; client_ca: the CA whose client certificates are requested."""

    cert: str = ""
    key: str = ""
    client_ca: str = ""


class Oidc(Section, frozen=True):
    """Bearer tokens (JWT) of an OpenID provider. role_map: from its roles to Berth's, if the names differ."""

    issuer: str = ""
    audience: str = ""
    jwks_url: str = ""
    algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA")
    roles_claim: str = "roles"
    project_claim: str = "project"
    role_map: dict[str, str] = {}
    leeway_seconds: int = 30


class Keystone(Section, frozen=True):
    """Tokens of OpenStack's identity service. password_file: of the service user that validates them."""

    url: str = ""
    username: str = "placement"
    password_file: str = ""
    project: str = "service"
    user_domain: str = "Default"
    project_domain: str = "Default"
    cache_seconds: int = 60


class Mtls(Section, frozen=True):
    """Client certificates. roles: by their common name; project: of all callers with one."""

    roles: dict[str, tuple[str, ...]] = {}
    project: str = "mtls"


class Limits(Section, frozen=True):
    """Limits of one request, of one caller, and of one process. Rates are requests per second; 0: no limit."""

    body_bytes: int = 16 * 1024 * 1024
    query_bytes: Annotated[int, msgspec.Meta(le=LONGEST_QUERY)] = LONGEST_QUERY
    header_bytes: Annotated[int, msgspec.Meta(le=LARGEST_HEADERS)] = 64 * 1024
    nesting: int = 64
    groups: int = 64
    conditions: int = 256
    rate_per_token: float = 0
    rate_per_address: float = 0
    refusals_per_address: float = 20
    burst: float = 100
    slow_seconds: float = 30
    anonymous_bytes: int = 16 * 1024
    connections: int = 16_384
    open_requests: int = 1_024
    open_requests_per_address: int = 256
    streams: int = 512
    streams_per_address: int = 256
    streams_per_caller: int = 64
    buffer_bytes: int = 256 * 1024 * 1024
    buffer_bytes_per_caller: int = 64 * 1024 * 1024
    refusal_records: int = 19


class IdempotencyKeys(Section, frozen=True):
    """Answers by idempotency key. keep_seconds: for how long an answer is kept, a minute at least."""

    keep_seconds: Annotated[int, msgspec.Meta(ge=60, le=LONGEST_KEEP_S)] = 86_400


class HoldRules(Section, frozen=True):
    """Holds. longest_seconds: for how long a hold may be pending in all, however often it is extended."""

    longest_seconds: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_HOLD_S)] = 86_400


class KeptEndings(Section, frozen=True):
    """What Berth ended. keep_seconds: for how long it is known why and when, and a reconciliation can be undone."""

    keep_seconds: Annotated[int, msgspec.Meta(ge=60, le=LONGEST_KEEP_S)] = 7 * 86_400


class Log(Section, frozen=True):
    """Log lines. format: console, json, or auto (console on a terminal); level: debug, info, warning or error."""

    format: Literal["auto", "console", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"
    access: bool = False


class Otel(Section, frozen=True):
    """OpenTelemetry traces. endpoint: where they are sent by OTLP over HTTP; empty: no traces."""

    endpoint: str = ""
    service_name: str = "berth"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of a server."""

    host: str = "127.0.0.1"
    port: int = 8778
    database: str = "sqlite:///berth.db"
    database_password_file: str = ""
    database_pooled: bool = False
    auth: tuple[str, ...] = ("dev",)
    policy: str = "default"
    policy_file: str = ""
    secret_file: str = ""
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    workers: int = 1
    metrics_public: bool = False
    metrics_projects: Annotated[int, msgspec.Meta(ge=0, le=MOST_PROJECTS)] = 0
    tls: Tls = Tls()
    oidc: Oidc = Oidc()
    keystone: Keystone = Keystone()
    mtls: Mtls = Mtls()
    limits: Limits = Limits()
    keys: IdempotencyKeys = IdempotencyKeys()
    holds: HoldRules = HoldRules()
    endings: KeptEndings = KeptEndings()
    log: Log = Log()
    otel: Otel = Otel()

    @property
    def url(self) -> str:
        """The database's URL, with `pooled` if that is set, and the password from its file. Raises OSError."""
        url = self._url_with_password()
        if not self.database_pooled or "pooled=" in url.partition("?")[2]:
            return url
        return f"{url}{'&' if '?' in url else '?'}pooled=true"

    def _url_with_password(self) -> str:
        if not self.database_password_file:
            return self.database
        password = Path(self.database_password_file).read_text(encoding="utf-8").rstrip("\r\n")
        scheme, _, rest = self.database.partition("://")
        user, at, where = rest.rpartition("@")
        return f"{scheme}://{user.partition(':')[0]}:{quote(password, safe='')}{at}{where}" if at else self.database
