"""What stays known of credentials while others make some up."""

from __future__ import annotations

import pytest

from berth.api.auth import credential_cache
from berth.api.auth.credential_cache import MOST_KNOWN, MOST_UNKNOWN, CredentialCache, Known

VALID, INVALID = Known("ada", 100.0), Known[str](None, 100.0)


def test_made_up_credentials_displace_none_that_is_valid() -> None:
    cache = CredentialCache[str]()
    cache.put("good", VALID)
    for number in range(MOST_UNKNOWN + 100):
        cache.put(f"made up {number}", INVALID)
    assert cache.get("good", 1.0) == VALID
    assert len(cache._invalid) == MOST_UNKNOWN


def test_the_one_that_was_not_used_for_the_longest_time_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_KNOWN > 3
    monkeypatch.setattr(credential_cache, "MOST_KNOWN", 3)
    cache = CredentialCache[str]()
    for name in ("a", "b", "c"):
        cache.put(name, VALID)
    assert cache.get("a", 1.0) == VALID
    cache.put("d", VALID)
    assert [cache.get(name, 1.0) is not None for name in ("a", "b", "c", "d")] == [True, False, True, True]


def test_it_is_known_until_then() -> None:
    cache = CredentialCache[str]()
    cache.put("good", VALID)
    assert cache.get("good", 99.9) == VALID
    assert cache.get("good", 100.0) is None
    assert cache.get("other", 1.0) is None


def test_what_became_invalid_is_no_longer_valid_and_the_other_way_round() -> None:
    cache = CredentialCache[str]()
    for known in (VALID, INVALID, VALID):
        cache.put("one", known)
        assert cache.get("one", 1.0) == known
        assert len(cache._valid) + len(cache._invalid) == 1


def test_the_credentials_themselves_are_not_kept() -> None:
    cache = CredentialCache[str]()
    cache.put("s3cret", VALID)
    assert "s3cret" not in repr(vars(cache))
