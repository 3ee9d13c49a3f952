"""Settings, and where each value comes from."""

from berth.settings.sources import Resolved, SettingsWrong, flags_of, resolved
from berth.settings.values import Keystone, Limits, Log, Mtls, Oidc, Otel, Settings, Tls

__all__ = [
    "Keystone",
    "Limits",
    "Log",
    "Mtls",
    "Oidc",
    "Otel",
    "Resolved",
    "Settings",
    "SettingsWrong",
    "Tls",
    "flags_of",
    "resolved",
]
