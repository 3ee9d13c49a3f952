"""`berth serve`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from berth.cli.options import PUBLIC, configured, no_secrets
from berth.logs.redaction import secrets_in
from berth.settings import Settings, flags_of

Auth = Annotated[
    list[str] | None, typer.Option(help="How callers are known: dev, token, oidc, keystone or mtls. May be repeated.")
]
PolicyName = Annotated[
    str | None, typer.Option(help="Who may do what: default, legacy-rbac, secure-rbac or open-policy.")
]
CorsOrigins = Annotated[
    list[str] | None, typer.Option(metavar="ORIGIN", help="Let browser pages of this origin call. May be repeated.")
]
Proxies = Annotated[
    list[str] | None, typer.Option(metavar="CIDR", help="Believe these addresses' X-Forwarded-For. May be repeated.")
]
Url = Annotated[str | None, typer.Option(metavar="URL", help="The ledger's database.", callback=no_secrets)]
LogFormat = Annotated[str | None, typer.Option(help="Log lines for people or programs: console, json or auto.")]
LogLevel = Annotated[str | None, typer.Option(help="What is logged: debug, info, warning or error, and above.")]
LogAccess = Annotated[bool | None, typer.Option("--log-access/--no-log-access", help="Log a line for every request.")]
OtelEndpoint = Annotated[
    str | None, typer.Option(metavar="URL", help="Send traces there, by OTLP over HTTP.", callback=no_secrets)
]
Others = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any other setting. May be repeated.")
]


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=1, max=65535)] = None,
    database: Url = None,
    auth: Auth = None,
    policy: PolicyName = None,
    policy_file: Annotated[str | None, typer.Option(metavar="FILE", help="A policy of your own.")] = None,
    secret_file: Annotated[str | None, typer.Option(metavar="FILE", help="What tokens are hashed with.")] = None,
    cors_origin: CorsOrigins = None,
    trusted_proxy: Proxies = None,
    workers: Annotated[int | None, typer.Option(help="How many processes serve.", min=1)] = None,
    tls_cert: Annotated[str | None, typer.Option(metavar="FILE", help="Serve HTTPS with this certificate.")] = None,
    tls_key: Annotated[str | None, typer.Option(metavar="FILE", help="The certificate's key.")] = None,
    tls_client_ca: Annotated[str | None, typer.Option(metavar="FILE", help="Whose client certificates count.")] = None,
    log_format: LogFormat = None,
    log_level: LogLevel = None,
    log_access: LogAccess = None,
    otel_endpoint: OtelEndpoint = None,
    others: Others = None,
) -> None:
    """Serve the Placement API, /v1 and the dashboard. Ctrl-C or SIGTERM finishes the requests under way, then ends."""
    from berth import serve as server

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
    settings = configured(context, {**_others(others), **_given(flags)}).settings
    server.serve(settings, lambda: typer.echo(f"berth: serving {_told(settings)}", err=True))


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


def _others(pairs: list[str] | None) -> dict[str, Any]:
    """What --set says; typer.BadParameter for what is not to stand among a command's words."""
    for pair in pairs or ():
        if secrets_in(pair):
            raise typer.BadParameter(PUBLIC)
    return flags_of(pairs or ())


def _told(settings: Settings) -> str:
    """What is served where, and to whom, if that is anybody."""
    from berth.store.engine import parse_url, shown

    ledger = shown(parse_url(settings.database))
    address = f"{'https' if settings.tls.cert else 'http'}://{settings.host}:{settings.port}"
    believing = " to anybody, as whom they like (--auth dev)" if "dev" in settings.auth else ""
    return f"{ledger} on {address}{believing}"
