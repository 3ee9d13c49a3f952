"""The requests that a thread works for."""

from __future__ import annotations

import threading

from berth.logs.request_ids import RequestIds, requests


def test_they_are_those_of_the_innermost_context() -> None:
    assert requests() == ()
    with RequestIds(["req-1"]):
        assert requests() == ("req-1",)
        with RequestIds(["req-2", "req-3"]):
            assert requests() == ("req-2", "req-3")
        assert requests() == ("req-1",)
    assert requests() == ()


def test_each_thread_has_its_own() -> None:
    seen: list[tuple[str, ...]] = []
    with RequestIds(["req-1"]):
        thread = threading.Thread(target=lambda: seen.append(requests()))
        thread.start()
        thread.join()
    assert seen == [()]
