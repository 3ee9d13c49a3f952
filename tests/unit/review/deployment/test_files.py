"""Files with every kind of wrong mode, and a certificate of each kind of weakness."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from berth.review.deployment.certificate import review_certificate
from berth.review.deployment.files import review_files, secret_files
from berth.review.model import ReviewFinding, Severity, Unseen
from berth.settings import Settings
from berth.settings.values import Tls

MODES = [
    (0o600, []),
    (0o400, []),
    (0o700, []),
    (0o640, [("file-readable", Severity.LOW)]),
    (0o644, [("file-readable", Severity.HIGH)]),
    (0o604, [("file-readable", Severity.HIGH)]),
    (0o620, [("file-writable", Severity.HIGH)]),
    (0o602, [("file-writable", Severity.HIGH)]),
    (0o666, [("file-writable", Severity.HIGH)]),
]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "private" / "secret"
    path.parent.mkdir(mode=0o700)
    path.write_text("x")
    path.chmod(0o600)
    return path


def rules(path: Path) -> list[tuple[str, Severity]]:
    return [
        (each.rule, each.severity) for each in review_files({"secret_file": path}) if isinstance(each, ReviewFinding)
    ]


@pytest.mark.parametrize(("mode", "expected"), MODES, ids=lambda value: oct(value) if isinstance(value, int) else "")
def test_modes(secret: Path, mode: int, expected: list[tuple[str, Severity]]) -> None:
    secret.chmod(mode)
    assert rules(secret) == expected


def test_a_folder_that_all_may_write(secret: Path) -> None:
    secret.parent.chmod(0o777)
    assert [rule for rule, _ in rules(secret)] == ["folder-writable"]
    secret.parent.chmod(0o1777)
    assert rules(secret) == []


def test_the_folders_of_a_link_are_those_of_its_target(secret: Path, tmp_path: Path) -> None:
    secret.parent.chmod(0o777)
    link = tmp_path / "link"
    link.symlink_to(secret)
    assert [rule for rule, _ in rules(link)] == ["folder-writable"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_somebody_else(secret: Path) -> None:
    os.chown(secret, 4321, -1)
    assert [rule for rule, _ in rules(secret)] == ["file-owner"]


def test_a_missing_file_is_unseen(tmp_path: Path) -> None:
    (unseen,) = review_files({"secret_file": tmp_path / "none"})
    assert isinstance(unseen, Unseen)


def test_the_files_are_those_that_settings_name(tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    (tmp_path / "a.db-wal").touch()
    settings = Settings(secret_file="s", tls=Tls(cert="c", key="k"))
    assert list(secret_files(settings, database)) == ["secret_file", "tls.key", "database", "database-wal"]


NOW = datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def certificate(folder: Path, key: Key, days: tuple[int, int], *, named: bool = True) -> Path:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "berth")])
    begins, ends = (NOW + datetime.timedelta(days=each) for each in days)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(begins).not_valid_after(ends)
    if named:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("berth")]), critical=False)
    path = folder / "cert.pem"
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


CERTIFICATES = [
    ((-1, 365), True, []),
    ((-365, -1), True, ["certificate-dates"]),
    ((1, 365), True, ["certificate-dates"]),
    ((-1, 10), True, ["certificate-ends"]),
    ((-1, 365), False, ["certificate-names"]),
]


@pytest.mark.parametrize(("days", "named", "expected"), CERTIFICATES)
def test_certificates(tmp_path: Path, days: tuple[int, int], named: bool, expected: list[str]) -> None:
    path = certificate(tmp_path, ec.generate_private_key(ec.SECP256R1()), days, named=named)
    assert [each.rule for each in review_certificate(path, NOW) if isinstance(each, ReviewFinding)] == expected


def test_a_short_key(tmp_path: Path) -> None:
    path = certificate(tmp_path, rsa.generate_private_key(65537, 1024), (-1, 365))
    assert [each.rule for each in review_certificate(path, NOW) if isinstance(each, ReviewFinding)] == [
        "certificate-key"
    ]


def test_what_is_no_certificate_is_unseen(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("no")
    assert [type(each) for each in review_certificate(tmp_path / "cert.pem", NOW)] == [Unseen]
