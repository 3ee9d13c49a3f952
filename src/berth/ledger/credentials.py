"""API tokens: their format, and the key that they are hashed with.

A token reads `berth_ID_SECRET`. The id is not secret; the secret is 256 random bits and a checksum, so that a scanner
for leaked secrets recognises one offline. Only a hash is stored, keyed with the server's own secret: a copy of the
table allows neither the use of a token nor an offline search for one.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
import time
import zlib
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from berth.model.caller import OWNER, ROLES
from berth.model.commands import KEEP, RotateToken
from berth.model.errors import BerthError, Invalid
from berth.model.text import checked_text, owner
from berth.model.token import Token, TokenSpec
from berth.model.validation import canonical_uuid
from berth.store.engine import Database

PREFIX: Final = "berth"
KEY_BYTES: Final = 32
SECOND_US: Final = 1_000_000
MOST_US: Final = 100 * 365 * 86_400 * SECOND_US
"""The longest period of validity, other than unlimited."""
_ID_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_ID_LENGTH: Final = 10
_CHECK_LENGTH: Final = 8


class SecretUnusable(BerthError):
    """The server's secret cannot be read, or other users can read it."""


class HashKey:
    """The server's secret, with which tokens are hashed."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "Key(...)"

    def hash(self, token: str) -> str:
        """Return the hash of a token, which is what is stored of it."""
        return hmac.new(self._secret, token.encode(errors="replace"), sha256).hexdigest()


def key_for(url: str, secret_file: str = "") -> HashKey:
    """Return the key of the servers of a database. Raises SecretUnusable, which says what to do.

    secret_file: its path. Without one, the key of a database in a file is beside it, created at first use.
    """
    return key_of(Database(url), secret_file)


def key_of(database: Database, secret_file: str = "") -> HashKey:
    """Return the key of the servers of an open database; see key_for."""
    file = key_file(database, secret_file)
    if file is None:
        raise SecretUnusable(
            "tokens need a secret that every server of this database has: create a file of 32 random bytes that only "
            "Berth's user can read (umask 077; head -c 32 /dev/urandom > FILE), and name it as secret_file"
        )
    if not secret_file and not file.exists():
        _create(file)
    return _read(file)


def key_file(database: Database, secret_file: str = "") -> Path | None:
    """Return the path of the key of a database's servers, None if it needs one that is not named."""
    if secret_file:
        return Path(secret_file)
    return database.path.with_name(database.path.name + ".key") if database.capabilities.embedded else None


def _create(file: Path) -> None:
    """Create the key in one step: no other process sees a part of it, and an interruption leaves none."""
    new = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(secrets.token_bytes(KEY_BYTES))
                opened.flush()
                os.fsync(handle)
            _name(new, file)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise SecretUnusable(f"the secret {file} cannot be created: {error.strerror}") from None


def _name(new: Path, file: Path) -> None:
    """Give a new file its name, unless there is one of that name."""
    try:
        os.link(new, file)
    except FileExistsError:
        pass  # another process has just created it
    except OSError:  # a file system without links
        new.rename(file)


def _read(file: Path) -> HashKey:
    try:
        open_to = stat.S_IMODE(file.stat().st_mode) & 0o077
        secret = file.read_bytes()
    except OSError as error:
        raise SecretUnusable(f"the secret {file} cannot be read: {error.strerror}") from None
    if open_to:
        raise SecretUnusable(f"other users can read or write the secret {file}: chmod 600 it, and rotate all tokens")
    if len(secret) < KEY_BYTES:
        raise SecretUnusable(f"the secret {file} has {len(secret)} bytes; at least {KEY_BYTES} random ones are needed")
    return HashKey(secret)


def id_of(token: str) -> str | None:
    """Return the id in a token, or None if the text cannot be a token."""
    prefix, _, rest = token.partition("_")
    number, _, secret = rest.partition("_")
    if prefix != PREFIX or len(number) != _ID_LENGTH or not secret.isascii():
        return None
    return number if secret.endswith(_check(number, secret[:-_CHECK_LENGTH])) else None


def rotated_token(key: HashKey, token: Token | None, name: str, grace_seconds: int) -> tuple[RotateToken, str]:
    """Return the command that replaces a token's text, and the new text. Raises Invalid.

    token: the present one; None if there is none, so that the command will be refused. grace_seconds: how long the old
    text stays valid.
    """
    grace = grace_seconds * SECOND_US
    if not 0 <= grace <= MOST_US:
        raise Invalid("the grace of a rotated token must be from 0 to 100 years")
    text = _text("" if token is None else token.id)
    return RotateToken(
        name=checked_text(name, "the token's name"), hash=key.hash(text), grace=grace, expires_at=KEEP
    ), text


def new_token(key: HashKey, spec: TokenSpec) -> tuple[Token, str]:
    """Return a token to store, and its text. Raises Invalid."""
    if not spec.name:
        raise Invalid("a token needs a name")
    unknown = [role for role in spec.roles if role not in ROLES]
    if unknown or not spec.roles:
        raise Invalid(f"a token needs roles from {', '.join(ROLES)}: {', '.join(unknown) or 'none'} given")
    if (OWNER in spec.roles) != bool(spec.trees):
        raise Invalid(f"the role {OWNER} needs the trees that it owns; no other role can have trees")
    if spec.lasts_seconds is not None and not 0 < spec.lasts_seconds * SECOND_US <= MOST_US:
        raise Invalid("a token can last from 1 second to 100 years, or without end")
    number = "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))
    text = _text(number)
    return (
        Token(
            id=number,
            name=checked_text(spec.name, "the token's name"),
            hash=key.hash(text),
            user=owner(spec.user or spec.name, "the user"),
            project=owner(spec.project, "the project"),
            roles=tuple(sorted(set(spec.roles))),
            trees=tuple(map(canonical_uuid, spec.trees)) or None,
            networks=tuple(map(_network, spec.networks)),
            expires_at=None if spec.lasts_seconds is None else _now_us() + spec.lasts_seconds * SECOND_US,
        ),
        text,
    )


def _now_us() -> int:
    return time.time_ns() // 1000


def _network(given: str) -> str:
    try:
        return str(ip_network(given))
    except ValueError as error:
        raise Invalid(f"{given!r} is not a network such as 192.0.2.0/24: {error}") from None


def _text(number: str) -> str:
    secret = secrets.token_urlsafe(KEY_BYTES)
    return f"{PREFIX}_{number}_{secret}{_check(number, secret)}"


def _check(number: str, secret: str) -> str:
    return f"{zlib.crc32(f'{number}_{secret}'.encode()):0{_CHECK_LENGTH}x}"
