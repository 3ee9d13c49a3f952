"""Settings: parsed once, passed in."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How Berth serves. See docs/configuration.md for each."""

    host: str = "127.0.0.1"
    port: int = 8778
    database: str = "sqlite:///berth.db"
    auth: str = "dev"
    policy: str = "default"
    cors_origins: tuple[str, ...] = ()
    workers: int = 1
