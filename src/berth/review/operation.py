"""The parts of a review that look at a running Berth: its settings, files, database, process and log."""

import datetime
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from berth.app import policy_of
from berth.model.errors import BerthError
from berth.review.deployment.live_server import LiveServerRefused, check_address
from berth.review.deployment_part import DeploymentSubject, review_deployment
from berth.review.log_part import LogSubject, review_log_part
from berth.review.model import PartReview, ReviewPart, Verdict
from berth.review.subject import SubjectUnreadable
from berth.settings import Settings, SettingsWrong, resolved
from berth.store.engine import Database


@dataclass(frozen=True, slots=True)
class OperationOptions:
    """Which Berth to look at.

    database: its URL, `""` for the configured one; config: the settings file; url: of a live server to ask, `""` for
    none; others: whether that may be another machine; pid: the server's process, 0 to look for it; seal: the number
    and hash of a record that were noted elsewhere.
    """

    database: str = ""
    config: str | None = None
    url: str = ""
    others: bool = False
    pid: int = 0
    seal: tuple[int, str] | None = None


def review_operation(
    parts: frozenset[str], options: OperationOptions, today: datetime.date
) -> Iterator[tuple[PartReview, tuple[Verdict, ...]]]:
    """Yield the deployment's and the log's part, those that are asked for, each with its verdicts.

    Raises SubjectUnreadable if the settings are wrong, if the live server may not be asked, or if only the log is asked
    for and there is none.
    """
    settings, opened = _opened(options)
    now = int(datetime.datetime.combine(today, datetime.time.max, datetime.UTC).timestamp() * 1_000_000)
    with closing(opened):
        try:
            url = check_address(options.url, others=options.others) if options.url else ""
            policy = policy_of(settings)
        except (LiveServerRefused, BerthError, OSError) as error:
            raise _unreadable(error) from None
        if ReviewPart.DEPLOYMENT in parts:
            yield review_deployment(DeploymentSubject(settings, policy, opened, now, url, options.pid))
        if ReviewPart.LOG in parts:
            alone = parts == {ReviewPart.LOG}
            yield review_log_part(LogSubject(opened, policy, now, options.seal), alone=alone)


def _opened(options: OperationOptions) -> tuple[Settings, Database]:
    try:
        settings = resolved({"database": options.database} if options.database else None, options.config).settings
        return settings, Database(settings.url)
    except (SettingsWrong, BerthError, OSError) as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> SubjectUnreadable:
    return SubjectUnreadable(f"the deployment cannot be reviewed: {error}")
