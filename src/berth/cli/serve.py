"""`berth serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from berth.cli.options import configured
from berth.settings import Settings


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=1, max=65535)] = None,
    database: Annotated[str | None, typer.Option(metavar="URL", help="The ledger's database.")] = None,
    auth: Annotated[
        list[str] | None,
        typer.Option(help="How callers are known: dev, token, oidc, keystone or mtls. May be repeated."),
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="Who may do what: default, legacy-rbac, secure-rbac or open-policy.")
    ] = None,
    policy_file: Annotated[str | None, typer.Option(metavar="FILE", help="A policy of your own.")] = None,
    secret_file: Annotated[str | None, typer.Option(metavar="FILE", help="What tokens are hashed with.")] = None,
    cors_origin: Annotated[
        list[str] | None, typer.Option(metavar="ORIGIN", help="Let browser pages of this origin call. May be repeated.")
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(metavar="CIDR", help="Believe these addresses' X-Forwarded-For. May be repeated."),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="How many processes serve.", min=1)] = None,
    tls_cert: Annotated[str | None, typer.Option(metavar="FILE", help="Serve HTTPS with this certificate.")] = None,
    tls_key: Annotated[str | None, typer.Option(metavar="FILE", help="The certificate's key.")] = None,
    tls_client_ca: Annotated[str | None, typer.Option(metavar="FILE", help="Whose client certificates count.")] = None,
) -> None:
    """Serve the Placement API, /v1 and the dashboard. Ctrl-C or SIGTERM finishes the requests under way, then ends."""
    from berth import app as composition

    flags = {
        "host": host,
        "port": port,
        "database": database,
        "auth": tuple(auth) if auth else None,
        "policy": policy,
        "policy_file": policy_file,
        "secret_file": secret_file,
        "cors_origins": tuple(cors_origin) if cors_origin else None,
        "trusted_proxies": tuple(trusted_proxy) if trusted_proxy else None,
        "workers": workers,
        "tls.cert": tls_cert,
        "tls.key": tls_key,
        "tls.client_ca": tls_client_ca,
    }
    settings = configured(context, flags).settings
    composition.serve(settings, lambda: typer.echo(f"berth: serving {_told(settings)}", err=True))


def _told(settings: Settings) -> str:
    """What is served where, and to whom, if that is anybody."""
    from berth.store.engine import parse_url

    ledger = parse_url(settings.database).render_as_string(hide_password=True)
    address = f"{'https' if settings.tls.cert else 'http'}://{settings.host}:{settings.port}"
    believing = " to anybody, as whom they like (--auth dev)" if "dev" in settings.auth else ""
    return f"{ledger} on {address}{believing}"
