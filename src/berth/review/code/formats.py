"""Format texts of constants: which of their fields take numbers only, so that no text gets into the result by them."""

import re
from string import Formatter

_NUMERIC = frozenset("dxXofFeEgGn%b")


def numeric_fields(text: str) -> set[int | str]:
    """Return the positions and names in `text.format(...)` that are always formatted as numbers."""
    numeric: set[int | str] = set()
    other: set[int | str] = set()
    count = 0
    try:
        fields = list(Formatter().parse(text))
    except ValueError:
        return set()
    for _, name, spec, conversion in fields:
        if name is None:
            continue
        first = re.split(r"[.\[]", name, maxsplit=1)[0]
        where: int | str = count if not first else int(first) if first.isdigit() else first
        count += not first
        is_numeric = name == first and not conversion and (spec or "")[-1:] in _NUMERIC and "{" not in (spec or "")
        (numeric if is_numeric and spec else other).add(where)
    return numeric - other
