"""The database's URL with the password from its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from berth.settings import Settings


@pytest.mark.parametrize(
    ("database", "url"),
    [
        ("postgresql://berth@db/berth", "postgresql://berth:p%40ss%2Fw@db/berth"),
        ("postgresql://berth:old@db/berth", "postgresql://berth:p%40ss%2Fw@db/berth"),
        ("mariadb://berth@db:3306/berth?ssl_ca=x", "mariadb://berth:p%40ss%2Fw@db:3306/berth?ssl_ca=x"),
        ("sqlite:///berth.db", "sqlite:///berth.db"),
    ],
)
def test_the_password_comes_from_the_file(database: str, url: str, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/w\n")
    assert Settings(database=database, database_password_file=str(tmp_path / "password")).url == url


def test_without_a_file_the_url_is_unchanged() -> None:
    assert Settings(database="postgresql://berth:x@db/berth").url == "postgresql://berth:x@db/berth"


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(OSError, match="nowhere"):
        _ = Settings(database="postgresql://berth@db/berth", database_password_file="/nowhere").url


@pytest.mark.parametrize(
    ("database", "url"),
    [
        ("postgresql://berth@db/berth", "postgresql://berth@db/berth?pooled=true"),
        ("postgresql://berth@db/berth?sslmode=require", "postgresql://berth@db/berth?sslmode=require&pooled=true"),
        ("postgresql://berth@db/berth?pooled=true", "postgresql://berth@db/berth?pooled=true"),
    ],
)
def test_the_url_says_that_there_is_a_pooler(database: str, url: str) -> None:
    assert Settings(database=database, database_pooled=True).url == url
