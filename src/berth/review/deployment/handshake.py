"""The TLS of a live server, by handshakes that are really made: versions, ciphers, and the certificate it shows."""

import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from berth.review.deployment.result import deployment_finding
from berth.review.model import CodePlace, OpenQuestion, ReviewFinding, Severity, Unseen

TIMEOUT_S: Final = 10

OLD_VERSIONS: Final = {"TLS 1.0": ssl.TLSVersion.TLSv1, "TLS 1.1": ssl.TLSVersion.TLSv1_1}
"""Versions that nothing should take any more (RFC 8996)."""

WEAK_CIPHERS: Final = {
    "no forward secrecy (RSA key exchange)": "kRSA:@SECLEVEL=0",
    "3DES": "3DES:@SECLEVEL=0",
    "RC4": "RC4:@SECLEVEL=0",
    "no encryption": "eNULL:@SECLEVEL=0",
    "no authentication": "aNULL:@SECLEVEL=0",
}
"""Groups of ciphers that are weak, as OpenSSL names them."""


@dataclass(frozen=True, slots=True)
class TlsHandshakes:
    """What a server took. version, cipher: its own choice; old, weak: what it took of OLD_VERSIONS and WEAK_CIPHERS.

    untried: what this machine's OpenSSL cannot offer; certificate: as DER; distrust: why a client of this machine
    would not trust it, empty if it would.
    """

    version: str
    cipher: str
    old: tuple[str, ...]
    weak: tuple[str, ...]
    untried: tuple[str, ...]
    certificate: bytes
    distrust: str


def shake_hands(host: str, port: int) -> TlsHandshakes:
    """Make handshakes with a server, each on a connection of its own. Raises OSError if it takes none."""
    with _connected(host, port, trustful_context()) as connection:
        version, cipher = connection.version() or "", (connection.cipher() or ("",))[0]
        certificate = connection.getpeercert(binary_form=True) or b""
    old = {name: _takes(host, port, _only(each)) for name, each in OLD_VERSIONS.items()}
    weak = {name: _takes(host, port, _with_ciphers(words)) for name, words in WEAK_CIPHERS.items()}
    untried = _named({**old, **weak}, None)
    distrust = _distrust(host, port)
    return TlsHandshakes(version, cipher, _named(old, True), _named(weak, True), untried, certificate, distrust)


def _named(tried: dict[str, bool | None], result: bool | None) -> tuple[str, ...]:
    """Return the names of what was tried with this result."""
    return tuple(name for name, each in tried.items() if each is result)


def _connected(host: str, port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection((host, port), timeout=TIMEOUT_S)
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def _takes(host: str, port: int, context: ssl.SSLContext | None) -> bool | None:
    """Return whether a server takes what a context offers; None if this machine cannot offer it."""
    if context is None:
        return None
    try:
        _connected(host, port, context).close()
    except ssl.SSLError as error:
        return None if error.reason == "NO_CIPHERS_AVAILABLE" else False
    except OSError:  # it closed the connection
        return False
    return True


def trustful_context() -> ssl.SSLContext:
    """Return a context that takes every certificate: it is judged on its own, and no secret is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # berth: allow CWE-297 because a review judges the certificate it is shown
    context.verify_mode = ssl.CERT_NONE  # berth: allow CWE-295 because a review judges the certificate it is shown
    return context


def _only(version: ssl.TLSVersion) -> ssl.SSLContext | None:
    """Return a context that offers one old version, if this machine can."""
    context = trustful_context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that they are old is the point
        try:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = version
            context.maximum_version = version
        except (ssl.SSLError, ValueError):
            return None
    return context


def _with_ciphers(words: str) -> ssl.SSLContext | None:
    """Return a context that offers these ciphers only, if this machine can."""
    context = trustful_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # ciphers of 1.3 cannot be chosen, and none is weak
    with suppress(ssl.SSLError):
        context.set_ciphers(words)
        return context
    return None


def _distrust(host: str, port: int) -> str:
    try:
        _connected(host, port, ssl.create_default_context()).close()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except OSError:  # it asks for the certificate of a client, perhaps
        return ""
    return ""


def review_handshakes(url: str, made: TlsHandshakes) -> Iterator[ReviewFinding | Unseen | OpenQuestion]:
    """Yield what is weak about the TLS of a server at an address; its certificate has a review of its own."""
    for name in made.old:
        words, remedy = f"takes {name}, which RFC 8996 forbids", "Allow TLS 1.2 and 1.3 only"
        yield _finding("tls-version", url, Severity.MEDIUM, words, remedy)
    for name in made.weak:
        severity = Severity.LOW if name.startswith("no forward") else Severity.HIGH
        words, remedy = f"takes ciphers with {name}", "Allow ECDHE with AES-GCM or ChaCha20 only"
        yield _finding("tls-cipher", url, severity, words, remedy)
    for name in made.untried:
        yield Unseen(CodePlace(url), f"{name} was not tried: the OpenSSL of this machine does not offer it")
    if made.distrust:
        yield _certificate(url, made.distrust)


def _certificate(url: str, distrust: str) -> ReviewFinding | OpenQuestion:
    if "mismatch" in distrust or "not valid for" in distrust:
        words, remedy = f"The certificate is for another host: {distrust}", "Issue it with the DNS name of the server"
        return deployment_finding("certificate-host", 297, Severity.MEDIUM, url, words, remedy)
    return OpenQuestion(
        f"Do the clients of {url} trust its certificate? This machine does not: {distrust}.",
        "the authority that clients trust: run the review with it in SSL_CERT_FILE",
        (295,),
    )


def _finding(rule: str, url: str, severity: Severity, what: str, remedy: str) -> ReviewFinding:
    return deployment_finding(rule, 327, severity, url, f"The server {what}", remedy)


def handshake_fact(made: TlsHandshakes) -> str:
    """Return in words what a server chooses, and what it refuses."""
    refused = [
        *(name for name in OLD_VERSIONS if name not in (*made.old, *made.untried)),
        *(name for name in WEAK_CIPHERS if name not in (*made.weak, *made.untried)),
    ]
    return f"{made.version} with {made.cipher}; refused: {', '.join(refused) or 'nothing'}"
