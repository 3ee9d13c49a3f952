"""`berth serve`: the server."""

from __future__ import annotations

import socket
from typing import Annotated, Any

import typer

from berth.cli.options import VISIBLE_TO_OTHERS, configured, reject_secrets
from berth.logs.redaction import secrets_in
from berth.settings import Settings, flags_of

Auth = Annotated[
    list[str] | None,
    typer.Option(help="How callers authenticate: dev, token, oidc, keystone or mtls. May be repeated."),
]
PolicyName = Annotated[
    str | None, typer.Option(help="Authorization policy: default, legacy-rbac, secure-rbac or open-policy.")
]
CorsOrigins = Annotated[
    list[str] | None,
    typer.Option(metavar="ORIGIN", help="Allow calls from browser pages of this origin. May be repeated."),
]
Proxies = Annotated[
    list[str] | None, typer.Option(metavar="CIDR", help="Trust X-Forwarded-For from these addresses. May be repeated.")
]
Url = Annotated[str | None, typer.Option(metavar="URL", help="URL of the ledger's database.", callback=reject_secrets)]
LogFormat = Annotated[str | None, typer.Option(help="Log format: console, json or auto.")]
LogLevel = Annotated[str | None, typer.Option(help="Lowest level that is logged: debug, info, warning or error.")]
LogAccess = Annotated[bool | None, typer.Option("--log-access/--no-log-access", help="Log a line for every request.")]
OtelEndpoint = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Send traces to this endpoint, by OTLP over HTTP.", callback=reject_secrets),
]
TlsClientCa = Annotated[str | None, typer.Option(metavar="FILE", help="Accept client certificates signed by this CA.")]
Others = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Set any other setting. May be repeated.")
]


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=1, max=65535)] = None,
    database: Url = None,
    auth: Auth = None,
    policy: PolicyName = None,
    policy_file: Annotated[str | None, typer.Option(metavar="FILE", help="File with a custom policy.")] = None,
    secret_file: Annotated[str | None, typer.Option(metavar="FILE", help="Key file for hashing tokens.")] = None,
    cors_origin: CorsOrigins = None,
    trusted_proxy: Proxies = None,
    workers: Annotated[int | None, typer.Option(help="Number of server processes.", min=1)] = None,
    tls_cert: Annotated[str | None, typer.Option(metavar="FILE", help="Serve HTTPS with this certificate.")] = None,
    tls_key: Annotated[str | None, typer.Option(metavar="FILE", help="Private key of the certificate.")] = None,
    tls_client_ca: TlsClientCa = None,
    log_format: LogFormat = None,
    log_level: LogLevel = None,
    log_access: LogAccess = None,
    otel_endpoint: OtelEndpoint = None,
    others: Others = None,
) -> None:
    """Serve the Placement API, /v1 and the dashboard. Ctrl-C or SIGTERM finishes running requests, then exits."""
    flags = {
        "host": host,
        "port": port,
        "database": database,
        "auth": auth or None,
        "policy": policy,
        "policy_file": policy_file,
        "secret_file": secret_file,
        "cors_origins": cors_origin or None,
        "trusted_proxies": trusted_proxy or None,
        "workers": workers,
        "tls.cert": tls_cert,
        "tls.key": tls_key,
        "tls.client_ca": tls_client_ca,
        "log.format": log_format,
        "log.level": log_level,
        "log.access": log_access,
        "otel.endpoint": otel_endpoint,
    }
    _serve(configured(context, {**_others(others), **_given(flags)}).settings)


def _serve(settings: Settings) -> None:
    """Serve, and say when it begins and when it is ready."""
    from berth import serve as server

    server.serve(
        settings,
        on_start=lambda: typer.echo(f"berth: serving {_summary(settings)}", err=True),
        on_ready=lambda: typer.echo(f"berth: ready; dashboard: {_dashboard(settings)}", err=True),
    )


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


def _others(pairs: list[str] | None) -> dict[str, Any]:
    """Return the settings given with --set. Raises typer.BadParameter for passwords, which others could read."""
    for pair in pairs or ():
        if secrets_in(pair):
            raise typer.BadParameter(VISIBLE_TO_OTHERS)
    return flags_of(pairs or ())


def _summary(settings: Settings) -> str:
    """Return what is served where, with a warning if callers are not authenticated."""
    from berth.store.engine import parse_url, shown

    ledger = shown(parse_url(settings.database))
    address = _address(settings, settings.host)
    warning = " (authentication is OFF, --auth dev: every caller is trusted)" if "dev" in settings.auth else ""
    return f"{ledger} on {address}{warning}"


def _dashboard(settings: Settings) -> str:
    """Return the dashboard's address: by this machine's name, if it listens on all addresses."""
    host = socket.gethostname() if settings.host in ("", "0.0.0.0", "::") else settings.host  # noqa: S104 - compared
    return f"{_address(settings, host)}/ui/"


def _address(settings: Settings, host: str) -> str:
    return f"{'https' if settings.tls.cert else 'http'}://{f'[{host}]' if ':' in host else host}:{settings.port}"
