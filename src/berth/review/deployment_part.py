"""The deployment's part of a review: settings, files, database, process, and a live server where one may be asked."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from berth.api.auth.policy import Policy
from berth.model.errors import BerthError
from berth.review.dependencies.lifetimes import lifetime
from berth.review.deployment.certificate import review_certificate, review_served_certificate
from berth.review.deployment.configuration import policy_changes, review_policy, review_settings
from berth.review.deployment.credentials import review_tokens
from berth.review.deployment.encryption import database_encryption, encryption_fact, review_encryption
from berth.review.deployment.files import review_files, secret_files
from berth.review.deployment.handshake import handshake_fact, review_handshakes, shake_hands
from berth.review.deployment.listeners import processes_on
from berth.review.deployment.live_routes import ask, live_fact, review_answers
from berth.review.deployment.live_server import LiveServer
from berth.review.deployment.process import process_fact, read_process, review_process
from berth.review.deployment.public_rights import review_public_rights
from berth.review.deployment.result import Examined
from berth.review.deployment.rights import review_rights, server_version
from berth.review.model import (
    CodePlace,
    Coverage,
    OpenQuestion,
    PartReview,
    ReviewPart,
    Unseen,
    Verdict,
    VerdictKind,
)
from berth.settings import Settings
from berth.store import tokens
from berth.store.engine import Database

DEPLOYMENT_WEAKNESSES: Final = {
    16: "settings, addresses, sockets, limits, trusted proxies, origins",
    250: "how callers sign in, the policy, rights beyond those that serving needs, the process",
    269: "the database role's attributes and ownership, API tokens, the policy of tokens",
    276: "rights that serving needs and does not have, default privileges, the process's umask",
    311: "TLS of the server, of the services that it asks, of the database",
}
"""The weaknesses that the deployment's part gives verdicts on, with what is looked at."""

LIVE_WEAKNESSES: Final = {
    209: "error pages",
    306: "each route that reads, without credentials and with a made-up token",
    319: "the address, redirects, Strict-Transport-Security",
    327: "versions and ciphers of TLS, by handshakes",
}
"""Those that are looked at as well if a live server was asked."""


@dataclass(frozen=True, slots=True)
class DeploymentSubject:
    """What is looked at. now: microseconds since 1970 UTC; url: of a live server, or `""`; pid: 0 to look for it."""

    settings: Settings
    policy: Policy
    database: Database
    now: int
    url: str = ""
    pid: int = 0

    @property
    def moment(self) -> datetime.datetime:
        """The present, as a date."""
        return datetime.datetime.fromtimestamp(self.now / 1_000_000, datetime.UTC)


def review_deployment(subject: DeploymentSubject) -> tuple[PartReview, tuple[Verdict, ...]]:
    """Review a deployment, and return its part with its verdicts."""
    examined = Examined()
    _examine_settings(examined, subject)
    _examine_ledger(examined, subject)
    _examine_process(examined, subject)
    if subject.url:
        _examine_live(examined, subject)
    part = PartReview(
        ReviewPart.DEPLOYMENT,
        tuple(examined.findings),
        (*examined.questions, *_questions(subject.settings, examined)),
        Coverage(unseen=tuple(examined.unseen)),
        examined.facts,
    )
    return part, tuple(_verdicts(part, live=bool(subject.url)))


def _examine_settings(examined: Examined, subject: DeploymentSubject) -> None:
    settings, policy = subject.settings, subject.policy
    examined.facts["policy"] = "; ".join(policy_changes(policy)) or f"{policy.name}, as shipped"
    examined.add(review_settings(settings))
    examined.add(review_policy(policy))
    if settings.tls.cert:
        examined.add(review_certificate(Path(settings.tls.cert), subject.moment))


def _examine_ledger(examined: Examined, subject: DeploymentSubject) -> None:
    database = subject.database
    embedded = database.capabilities.embedded
    exists = not embedded or database.path.exists()
    examined.add(review_files(secret_files(subject.settings, database.path if embedded and exists else None)))
    try:
        if not exists:
            raise no_ledger(database)
        _examine_database(examined, database, subject.now)
    except BerthError as error:
        examined.add([Unseen(CodePlace(database.shown), f"cannot be read: {error}")])


def no_ledger(database: Database) -> BerthError:
    """Return the error that there is no file at the place of an embedded ledger."""
    return BerthError(f"{database.shown} does not exist")


def _examine_database(examined: Examined, database: Database, now: int) -> None:
    with database.reading() as connection:
        examined.add(review_tokens(tokens.all_tokens(connection), now))
        if database.capabilities.embedded:
            return
        examined.add(review_rights(connection))
        examined.add(review_public_rights(connection))
        program, version = server_version(connection)
        encryption = database_encryption(connection)
    ends = lifetime(program, version)
    examined.facts["database server"] = f"{program} {version}, supported until {ends.ends or 'a day not known here'}"
    examined.facts["database connection"] = encryption_fact(*encryption)
    examined.add(review_encryption(database.url, *encryption))


def _examine_process(examined: Examined, subject: DeploymentSubject) -> None:
    port = subject.settings.port
    try:
        statuses = [read_process(each) for each in ([subject.pid] if subject.pid else processes_on(port))]
    except OSError as error:
        examined.add([Unseen(CodePlace("server process"), f"cannot be looked into: {error.strerror}")])
        return
    for status in statuses:
        examined.add(review_process(status, subject.settings))
        examined.facts["server process"] = process_fact(status)
    if not statuses:
        examined.add([_process_question(port)])


def _process_question(port: int) -> OpenQuestion:
    return OpenQuestion(
        f"As which user does the server run? No process that this user may look into listens on port {port}.",
        "the process of the server, on its machine, as its user or root (--pid)",
        (250,),
    )


def _examine_live(examined: Examined, subject: DeploymentSubject) -> None:
    url, parts = subject.url, urlsplit(subject.url)
    with LiveServer(url) as server:
        answers = ask(server)
    examined.add(review_answers(url, answers))
    examined.facts["routes asked"] = live_fact(answers)
    if parts.scheme != "https" or not answers.every:
        return
    try:
        made = shake_hands(parts.hostname or "", parts.port or 443)
    except OSError as error:
        examined.add([Unseen(CodePlace(url), f"takes no handshake: {error}")])
        return
    examined.add(review_handshakes(url, made))
    examined.add(review_served_certificate(made.certificate, url, subject.moment))
    examined.facts["TLS"] = handshake_fact(made)


def _questions(settings: Settings, examined: Examined) -> Iterator[OpenQuestion]:
    for each in examined.unseen:
        yield OpenQuestion(f"What is at {each.place.path}?", f"{each.place.path}: {each.why}", (250, 269, 276))
    if settings.trusted_proxies and not settings.tls.cert:
        yield OpenQuestion(
            "Does the proxy in front end TLS, and with which versions and ciphers?",
            "the proxy's address, asked with --url",
            (311,),
        )


def _verdicts(part: PartReview, *, live: bool) -> Iterator[Verdict]:
    """Yield a verdict on each weakness that is looked at, and on each that has a finding."""
    looked_at = DEPLOYMENT_WEAKNESSES | (LIVE_WEAKNESSES if live else {})
    for cwe in sorted({*looked_at, *(each.cwe for each in part.findings)}):
        found = [each for each in part.findings if each.cwe == cwe]
        needs = "; ".join(each.needs for each in part.questions if cwe in each.cwes)
        if found:
            yield Verdict(cwe, VerdictKind.FINDING, f"{len(found)}: {found[0].sentence}")
        elif needs:
            yield Verdict(cwe, VerdictKind.UNKNOWN, f"looked at: {looked_at[cwe]}", needs)
        else:
            yield Verdict(cwe, VerdictKind.CHECKED, f"looked at: {looked_at[cwe]}")
