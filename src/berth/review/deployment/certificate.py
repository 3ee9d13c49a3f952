"""The certificate that a server shows: its dates, names and key."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from berth.review.deployment.result import deployment_finding
from berth.review.model import CodePlace, ReviewFinding, Severity, Unseen

SOON: Final = datetime.timedelta(days=30)
SMALLEST_RSA: Final = 2048


def review_certificate(path: Path, now: datetime.datetime) -> Iterator[ReviewFinding | Unseen]:
    """Yield what is weak about the first certificate of a file in PEM form."""
    try:
        certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError, IndexError) as error:
        yield Unseen(CodePlace(str(path)), f"is not a readable certificate: {error}")
        return
    yield from _certificate(certificate, str(path), now)


def review_served_certificate(content: bytes, url: str, now: datetime.datetime) -> Iterator[ReviewFinding | Unseen]:
    """Yield what is weak about the certificate that the server at an address has shown. content: in DER form."""
    try:
        certificate = x509.load_der_x509_certificate(content)
    except ValueError as error:
        yield Unseen(CodePlace(url), f"shows no readable certificate: {error}")
        return
    yield from _certificate(certificate, url, now)


def _certificate(certificate: x509.Certificate, shown: str, now: datetime.datetime) -> Iterator[ReviewFinding]:
    yield from _validity(certificate, shown, now)
    yield from _key(certificate, shown)
    if not _names(certificate):
        words = "names no host: clients refuse it"
        yield _finding("certificate-names", Severity.MEDIUM, shown, words, "Issue it with its DNS name")


def _validity(certificate: x509.Certificate, shown: str, now: datetime.datetime) -> Iterator[ReviewFinding]:
    ends = certificate.not_valid_after_utc
    if ends < now or certificate.not_valid_before_utc > now:
        yield _finding("certificate-dates", Severity.HIGH, shown, f"is valid from {_days(certificate)}", "Renew it")
    elif ends - now < SOON:
        yield _finding("certificate-ends", Severity.LOW, shown, f"ends on {ends.date()}", "Renew it, best by a program")


def _key(certificate: x509.Certificate, shown: str) -> Iterator[ReviewFinding]:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey) and key.key_size < SMALLEST_RSA:
        words = f"has a key of {key.key_size} bits"
        yield _finding("certificate-key", Severity.HIGH, shown, words, "Use RSA of 3072 bits or P-256")
    elif isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < 224:
        yield _finding("certificate-key", Severity.HIGH, shown, f"has a curve of {key.key_size} bits", "Use P-256")


def _days(certificate: x509.Certificate) -> str:
    return f"{certificate.not_valid_before_utc.date()} to {certificate.not_valid_after_utc.date()} only"


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(each.value) for each in names]


def _finding(rule: str, severity: Severity, shown: str, what: str, remedy: str) -> ReviewFinding:
    return deployment_finding(rule, 311, severity, shown, f"The certificate of {shown} {what}", remedy)
