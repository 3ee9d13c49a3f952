"""One process scans, another continues where it was killed, on every database; and the scan keeps pace."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text, update

from berth.api.ops import anomaly_scanner
from berth.api.ops.anomaly_scanner import NOTHING_YET, AnomalyScanner, rest
from berth.ledger import Ledger, open_ledger
from berth.ledger.audit.anomalies import LogScanner, SharedScan, scanner
from berth.ledger.audit.anomalies.shared_scan import LEASE_US
from berth.model.anomaly import Anomalies
from berth.store.tables import anomaly_scan
from tests.suites.anomalies.fill_database import fill
from tests.suites.anomalies.records import START
from tests.suites.anomalies.test_ledger import Clock, Story, live, misbehave
from tests.support.deadline import until

LEAST_RECORDS_S = 2_000
"""Records a second of one processor: several times fewer than on any machine that was measured."""


class Process(SharedScan):
    """One process's share, with the clock of all."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        super().__init__(ledger._writer, clock)
        self.ledger = ledger

    def scan(self, pages: int) -> tuple[LogScanner, Anomalies]:
        """Take over, scan some pages, and keep what was learned."""
        assert self.lease()
        scan = self.scanner(START)
        for _ in range(pages):
            scan.scan_page()
        assert self.save(scan, scan.anomalies())
        return scan, scan.anomalies()


@pytest.fixture
def story(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    monkeypatch.setattr(scanner, "PAGE", 7)
    with open_ledger(ledger_url) as ledger:
        story = Story(ledger)
        live(story)
        misbehave(story)
        yield story


def whole(story: Story) -> Anomalies:
    return story.ledger.anomalies()


def test_another_process_continues_where_one_was_killed(story: Story) -> None:
    clock = Clock()
    first, second = Process(story.ledger, clock), Process(story.ledger, clock)
    killed, _ = first.scan(pages=4)
    assert not second.lease(), "one process scans"
    clock.now += LEASE_US + 1
    continued, _ = second.scan(pages=0)
    assert continued.analysis is not None
    assert continued.analysis.last == 4 * 7
    killed.scan_page()
    assert not first.save(killed, killed.anomalies()), "it has been silent for too long"
    assert not first.lease()
    third, found = None, NOTHING_YET
    for _ in range(40):  # and once more after each page
        second.release()
        third = Process(story.ledger, clock)
        _, found = third.scan(pages=1)
        second = third
    assert third is not None
    assert found == whole(story)
    assert third.anomalies() == found
    assert first.anomalies() == found


UNUSABLE = (
    {"version": 99},
    {"audit_hash": "of another history"},
    {"audit_number": 10**6},
    {"state": b"broken"},
    {"state": b""},
)
"""What a stored state may be: of another version, of another history, or no state."""


def test_a_state_of_another_version_or_history_is_begun_again(story: Story) -> None:
    process = Process(story.ledger, Clock())
    for values in UNUSABLE:
        process.scan(pages=5)
        with story.ledger._writer.database.writing() as connection:
            connection.execute(update(anomaly_scan).values(**values))
        begun = process.scanner(START)
        assert begun.analysis is None, values
    while begun.scan_page():
        pass
    assert begun.anomalies() == whole(story)


def test_a_history_that_was_taken_back_is_scanned_again(story: Story) -> None:
    scan = LogScanner(story.ledger._writer)
    while scan.scan_page():
        pass
    with story.ledger._writer.database.writing() as connection:
        connection.execute(text("UPDATE audit SET hash = 'of another' WHERE number = (SELECT audit_number FROM head)"))
        connection.execute(text("UPDATE head SET audit_hash = 'of another'"))
    before = scan.analysis
    assert scan.scan_page()
    assert scan.analysis is not before
    assert scan.analysis is not None
    assert scan.analysis.last == 7


def test_the_servers_that_do_not_scan_report_what_the_one_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anomaly_scanner, "INTERVAL_S", 0.05)
    monkeypatch.setattr(anomaly_scanner, "SAVE_S", 0.05)
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        story = Story(ledger)
        live(story)
        misbehave(story)
        scanners = [AnomalyScanner(ledger, folder, lambda: story.clock.now) for folder in folders]
        for each in scanners:
            each.start()
        until(lambda: all(len(each.anomalies().items) >= 6 for each in scanners))
        assert scanners[0].anomalies() == scanners[1].anomalies()
        for each in scanners:
            each.close()
            each._thread.join(10)


@pytest.mark.parametrize(("lag", "times"), [(0, 39), (100, 19.5), (1_000, 39 / 11), (3_800, 1), (10**9, 1)])
def test_the_share_of_the_processor_grows_with_the_lag(lag: int, times: float) -> None:
    assert rest(lag) == pytest.approx(times)


def test_it_keeps_pace_with_a_thousand_changes_a_second(tmp_path: Path) -> None:
    """Of half a processor, which it may use when it is behind."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    records = fill(url, 20, 0.5)
    with open_ledger(url) as ledger:
        process = Process(ledger, Clock())
        assert process.lease()
        scan = process.scanner(START)
        began = time.process_time()
        while scan.scan_page():
            pass
        scanned = time.process_time()
        assert process.save(scan, scan.anomalies())
        saved = time.process_time()
    print(f"{records / (scanned - began):,.0f} records/s, kept in {saved - scanned:.3f} s")
    assert records / (scanned - began) > LEAST_RECORDS_S
    assert saved - scanned < anomaly_scanner.SAVE_S / 5
