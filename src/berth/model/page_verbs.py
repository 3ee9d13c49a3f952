"""Every page of a list: a part of the interface of a ledger (berth.model.interface)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar


class AnyPage(Protocol):
    """A page of a list."""

    @property
    def next(self) -> str | None:
        """The value of `after` for the next page, None at the end."""


PageT = TypeVar("PageT", bound=AnyPage)


class PageVerbs(Protocol):
    """What is the same for all verbs that return pages."""

    def pages(self, verb: Callable[..., PageT], *args: Any, **kwargs: Any) -> Iterator[PageT]:
        """Yield every page of a verb of this ledger, such as `ledger.consumers`, with these arguments."""
        page = verb(*args, **kwargs)
        yield page
        while page.next is not None:
            page = verb(*args, **{**kwargs, "after": page.next})
            yield page
