"""Metrics of the worker processes, summed: processor time, memory, open files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client import multiprocess
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_LIVE: Final = re.compile(r"gauge_live\w+_(\d+)\.db")
_PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """One worker. started: in seconds since the machine booted."""

    cpu_seconds: float
    resident_bytes: int
    open_files: int
    started: float


def workers(folder: Path) -> list[int]:
    """Return the ids of running workers. Of those that have exited, gauges are removed and counts are kept."""
    found = {int(match[1]) for each in folder.iterdir() if (match := _LIVE.fullmatch(each.name))}
    alive = {pid for pid in found if _lives(pid)}
    for pid in found - alive:
        with suppress(FileNotFoundError):  # another thread or worker that shows the metrics has just done so
            multiprocess.mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
    return sorted(alive)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class WorkerCounts(multiprocess.MultiProcessCollector):
    """The counts of all workers, from the files in their folder."""

    def __init__(self, folder: str) -> None:
        super().__init__(None, folder)  # type: ignore[no-untyped-call]
        self._folder = Path(folder)

    def collect(self) -> Iterable[Metric]:
        """Return every metric."""
        files = [str(each) for each in self._folder.glob("*.db") if _has_begun(each)]
        counts: Iterable[Metric] = self.merge(files)  # type: ignore[no-untyped-call]
        return counts


def _has_begun(file: Path) -> bool:
    """Whether there is anything in a file of counts: a worker that begins makes it first, and may be killed then."""
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:
        return False


class ProcessMetrics(Collector):
    """Processes as metrics. On systems without /proc there are none."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids = tuple(pids)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        found = [process for pid in self._pids if (process := of(pid)) is not None]
        if not found:
            return
        cpu = sum(each.cpu_seconds for each in found)
        yield CounterMetricFamily("process_cpu_seconds", "Processor time of all workers.", value=cpu)
        resident = sum(each.resident_bytes for each in found)
        yield GaugeMetricFamily("process_resident_memory_bytes", "Memory of all workers.", value=resident)
        files = sum(each.open_files for each in found)
        yield GaugeMetricFamily("process_open_fds", "Files that all workers have open.", value=files)
        started = _boot_time() + min(each.started for each in found)
        yield GaugeMetricFamily("process_start_time_seconds", "Start time of the oldest worker.", value=started)


def of(pid: int) -> Process | None:
    """Return what a process has used; None if it has exited, or if the system has no /proc."""
    folder = _PROC / str(pid)
    try:
        # The name stands in brackets, and may hold anything.
        fields = (folder / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        files = sum(1 for _ in (folder / "fd").iterdir())
    except OSError:
        return None
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    return Process(
        cpu_seconds=(int(fields[11]) + int(fields[12])) / ticks,
        resident_bytes=int(fields[21]) * page,
        open_files=files,
        started=int(fields[19]) / ticks,
    )


def _boot_time() -> float:
    lines = (_PROC / "stat").read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("btime "))
