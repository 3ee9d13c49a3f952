"""What is known of credentials, for a while: by their hashes, not themselves."""

from __future__ import annotations

import threading
from collections import OrderedDict
from hashlib import sha256
from typing import Final, Generic, NamedTuple, TypeVar

T = TypeVar("T")

MOST_KNOWN: Final = 10_000
MOST_UNKNOWN: Final = 10_000


class Known(NamedTuple, Generic[T]):
    """What is known of a credential. value: None if it is not valid; until: when that is no longer known."""

    value: T | None
    until: float


class CredentialCache(Generic[T]):
    """The most recently used valid credentials, and apart from them the most recently asked invalid ones.

    Apart, so that no number of made-up credentials displaces those that are in use. Safe to share between threads.
    """

    def __init__(self) -> None:
        self._valid: OrderedDict[bytes, Known[T]] = OrderedDict()
        self._invalid: OrderedDict[bytes, Known[T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, credential: str, now: float) -> Known[T] | None:
        """Return what is known of a credential at this time; None if nothing is."""
        key = _key_of(credential)
        with self._lock:
            for entries in (self._valid, self._invalid):
                known = entries.get(key)
                if known is not None and known.until > now:
                    entries.move_to_end(key)
                    return known
        return None

    def put(self, credential: str, known: Known[T]) -> None:
        """Remember what is known of a credential."""
        key = _key_of(credential)
        with self._lock:
            self._valid.pop(key, None)
            self._invalid.pop(key, None)
            entries, most = (self._invalid, MOST_UNKNOWN) if known.value is None else (self._valid, MOST_KNOWN)
            entries[key] = known
            if len(entries) > most:
                entries.popitem(last=False)


def _key_of(credential: str) -> bytes:
    return sha256(credential.encode(errors="replace")).digest()
