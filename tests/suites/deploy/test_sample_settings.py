"""The sample of settings loads as it is, and with everything that it offers."""

from __future__ import annotations

import re
from pathlib import Path

from berth.settings import Settings
from berth.settings.sources import resolved
from tests.support.document_blocks import ROOT

SAMPLE = ROOT / "deploy/berth.toml"
OFFERED = re.compile(r"^# (?=\[|\w+ = )", re.MULTILINE)
"""What is commented out: a table, or a setting."""


def test_the_sample_loads() -> None:
    settings = resolved(file=str(SAMPLE), environment={}).settings
    assert (settings.auth, settings.host) == (("token",), Settings().host)
    assert settings == resolved({"auth": ("token",)}, environment={}).settings, "the rest is what counts anyway"


def test_what_it_offers_loads(tmp_path: Path) -> None:
    everything = tmp_path / "berth.toml"
    text, count = OFFERED.subn("", SAMPLE.read_text())
    everything.write_text(text)
    origins = resolved(file=str(everything), environment={}).origins
    assert count == 7
    assert {name for name, origin in origins.items() if origin == str(everything)} >= {
        "database",
        "database_password_file",
        "secret_file",
        "trusted_proxies",
        "tls.cert",
        "tls.key",
    }
