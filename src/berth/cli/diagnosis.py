"""What is wrong with a deployment, as far as a command can see, and what to do about each finding."""

from __future__ import annotations

import enum
import shutil
import time
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from berth.model.errors import BerthError
from berth.model.plural import plural

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from berth.client import Client
    from berth.settings import Settings
    from berth.store.engine import Database
    from berth.store.head import Head

LAST_RECORDS: Final = 1_000
"""How many of the last records, and of the last changes, are verified: `berth db verify` reads all."""

SKEW_US: Final = 2_000_000
"""How far two clocks may differ, in microseconds."""

LEAST_FREE: Final = 64 * 1024 * 1024
"""Bytes of room on the disk of a ledger below which it can soon not be written to."""

IDLE_US: Final = 7 * 86_400 * 1_000_000
"""After which time a token that was never used is pointed out, in microseconds."""

SECOND_US: Final = 1_000_000


class Health(enum.StrEnum):
    """How bad a finding is."""

    GOOD = "ok"
    NOTE = "note"
    WRONG = "wrong"


class Diagnosis(msgspec.Struct, frozen=True):
    """One finding: what was looked at, how it is, and what to do."""

    check: str
    state: Health
    found: str
    advice: str = ""


def of_settings(settings: Settings) -> Iterator[Diagnosis]:
    """Yield whether Berth can serve with these settings."""
    from berth.serve import check

    try:
        check(settings)
    except BerthError as error:
        yield Diagnosis("settings", Health.WRONG, str(error), "`berth config show` says where each value comes from")
    else:
        yield Diagnosis("settings", Health.GOOD, "valid")


def of_ledger(settings: Settings) -> Iterator[Diagnosis]:
    """Yield what is to be said of the database, the key of its tokens and the contents, as far as it can be used."""
    from berth.store.engine import Database

    try:
        database = Database(settings.url)
    except (BerthError, OSError) as error:
        yield Diagnosis("database", Health.WRONG, str(error), "correct `database` or `database_password_file`")
        return
    try:
        usable = yield from _reached(database)
        yield from _of_key(database, settings)
        for check in (_of_disk, _of_contents) if usable else ():
            yield from check(database)
    finally:
        database.close()


def _reached(database: Database) -> Generator[Diagnosis, None, bool]:
    """Yield whether the database can be used; return it as well."""
    from berth.store import grants, migrate

    if database.capabilities.embedded and not database.path.is_file():
        how = "`berth import FILE` or `berth discover --apply` creates one; --database names another"
        yield Diagnosis("database", Health.WRONG, f"there is no ledger at {database.shown}", how)
        return False
    try:
        current = migrate.check(database)
    except BerthError as error:
        yield Diagnosis("database", Health.WRONG, str(error), "is its server running, and is the address right?")
        return False
    if current != migrate.NEWEST:
        found = f"{database.shown} is at revision {current or 'none'}, and this version needs {migrate.NEWEST}"
        yield Diagnosis("database", Health.WRONG, found, "`berth db upgrade`")
        return False
    yield Diagnosis("database", Health.GOOD, f"{database.shown} answers, at revision {current}")
    for sentence in grants.advice(database):
        yield Diagnosis("rights", Health.NOTE, sentence, "`berth db grant` prints the statements")
    return True


def _of_key(database: Database, settings: Settings) -> Iterator[Diagnosis]:
    """Yield whether tokens can be hashed. A key that the first token will create is not created here."""
    from berth.ledger.credentials import key_file, key_of

    file = key_file(database, settings.secret_file)
    if file is None and "token" not in settings.auth:
        return
    if file is not None and not settings.secret_file and not file.exists():
        yield Diagnosis("key", Health.GOOD, f"{file} is created with the first token")
        return
    try:
        key_of(database, settings.secret_file)
    except BerthError as error:
        yield Diagnosis("key", Health.WRONG, str(error), "without it no token is accepted, and none can be created")
    else:
        yield Diagnosis("key", Health.GOOD, f"only this user can read {file}")


def _of_disk(database: Database) -> Iterator[Diagnosis]:
    """Yield whether the disk of a ledger in a file has room."""
    if not database.capabilities.embedded:
        return
    free, size = shutil.disk_usage(database.path.resolve().parent).free, database.path.stat().st_size
    found = f"{free // 1024**2:,} MiB are free for a ledger of {size // 1024**2:,} MiB"
    if free < LEAST_FREE:
        yield Diagnosis("disk", Health.WRONG, found, "make room: a full disk refuses every write")
    elif free < size:
        yield Diagnosis("disk", Health.NOTE, found, "`berth backup` to this disk, or an upgrade, needs as much again")
    else:
        yield Diagnosis("disk", Health.GOOD, found)


def _of_contents(database: Database) -> Iterator[Diagnosis]:
    """Yield what the last records, the clock and the tokens say."""
    from berth.store import head

    now = time.time_ns() // 1000
    try:
        with database.reading() as connection:
            at = head.read(connection)
            yield _of_clock(at, now)
            yield from _of_records(connection, at)
            yield from _of_tokens(connection, now)
    except BerthError as error:
        yield Diagnosis("database", Health.WRONG, str(error))


def _of_clock(at: Head, now: int) -> Diagnosis:
    """Return how far this machine's clock is from the database server's, or behind the last commit."""
    ahead = at.server_time - now if at.server_time else max(at.at - now, 0)
    if abs(ahead) <= SKEW_US:
        return Diagnosis("clock", Health.GOOD, "this machine's clock agrees with the ledger")
    whose = "the database server's clock" if at.server_time else "the last commit"
    found = f"{whose} is {abs(ahead) / SECOND_US:,.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's clock"
    return Diagnosis(
        "clock",
        Health.WRONG,
        found,
        "synchronize clocks (chrony, systemd-timesyncd): claims end by them",
    )


def _of_records(connection: Connection, at: Head) -> Iterator[Diagnosis]:
    """Verify the end of the audit log and of the change log."""
    from berth.ledger.audit.chain import ChainVerifier
    from berth.store import audit, changes, checkpoints

    verifier = ChainVerifier()
    after = max(checkpoints.last(connection).archived, at.audit_number - LAST_RECORDS)
    found = [each.why for stored in audit.stored(connection, after) for each in verifier.check(stored)]
    found += [each.why for each in verifier.check_end(at)]
    damaged = [each.number for each in changes.page(connection, at.number - LAST_RECORDS, LAST_RECORDS) if each.fault]
    if found:
        yield Diagnosis(
            "records",
            Health.WRONG,
            found[0],
            "the tables were changed by another program: run `berth audit verify`",
        )
    if damaged:
        numbers = ", ".join(map(str, damaged[:5]))
        yield Diagnosis("records", Health.WRONG, f"changes that cannot be read: {numbers}", "`berth db mend`")
    if not (found or damaged):
        count = min(LAST_RECORDS, at.audit_number - after)
        yield Diagnosis(
            "records",
            Health.GOOD,
            f"the last {plural(count, 'record')} intact; `berth db verify` checks all",
        )


def _of_tokens(connection: Connection, now: int) -> Iterator[Diagnosis]:
    """Yield the valid tokens that have been unused for a week or more."""
    from berth.store import tokens

    valid = [
        each
        for each in tokens.all_tokens(connection)
        if each.revoked_at is None and (each.expires_at is None or each.expires_at > now)
    ]
    idle = [each.name for each in valid if each.last_used_at is None and each.created_at < now - IDLE_US]
    if idle:
        found = f"never used since they were created: {', '.join(sorted(idle))}"
        yield Diagnosis("tokens", Health.NOTE, found, "revoke those that are not needed: `berth token revoke NAME`")
    elif valid:
        yield Diagnosis("tokens", Health.GOOD, plural(len(valid), "token is valid", "tokens are valid"))


def of_server(client: Client, version: str) -> Iterator[Diagnosis]:
    """Yield whether a server answers, its version beside this Berth's, and whether it takes the token."""
    try:
        about = client.about()
    except BerthError as error:
        yield Diagnosis("server", Health.WRONG, str(error), "is `berth serve` running there, and the address right?")
        return
    if about.version != version:
        found = f"the server is Berth {about.version}, this command is {version}"
        yield Diagnosis("server", Health.NOTE, found, "install the same version here")
    else:
        yield Diagnosis("server", Health.GOOD, f"the server answers: Berth {version}")
    try:
        me = client.me()
    except BerthError as error:
        yield Diagnosis("token", Health.WRONG, str(error), "give a valid one: BERTH_TOKEN, --token-file or --token -")
    else:
        yield Diagnosis("token", Health.GOOD, f"it belongs to {me.name}, with {', '.join(me.roles) or 'no role'}")
