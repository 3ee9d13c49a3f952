"""Text that a format makes: what it is put together from."""

from collections.abc import Callable

from berth.review.code.formats import Key, TextFormat, brace_format, percent_format
from berth.review.code.frame import Arguments, Frame
from berth.review.code.values import UNKNOWN, Thing, Value, constant, labelled


def percent_parts(frame: Frame, text: Value, given: Value) -> list[Value]:
    """Return what `text % given` is put together from: the text before the first value, and the values."""
    form = _form(text, percent_format)
    if form is None:
        return [text, given]
    things = [thing for _, thing in frame.things(given)]
    thing = things[0] if len(things) == 1 else None
    return [constant(form.head), *(_entry(frame, given, thing, key) for key in form.taken)]


def brace_parts(frame: Frame, text: Value, arguments: Arguments) -> list[Value]:
    """Return what `text.format(...)` is put together from: the text before the first value, and the values."""
    form = _form(text, brace_format)
    if form is None:
        head = Value(is_open=True, prefix=text.prefix)
        return [head, *arguments.all(), labelled(UNKNOWN, frame.content(text))]
    found = (arguments.get(key) for key in form.taken)
    return [constant(form.head), *(arguments.rest if each is None else each for each in found)]


def _form(text: Value, read: Callable[[str], TextFormat | None]) -> TextFormat | None:
    single = text.single()
    return read(single[0]) if single is not None and isinstance(single[0], str) else None


def _entry(frame: Frame, given: Value, thing: Thing | None, key: Key) -> Value:
    """Return one value of those that `%` is given, as a tuple, a dictionary or alone."""
    if thing is None or not thing.is_exact or thing.kind not in ("tuple", "dict"):
        return labelled(UNKNOWN, frame.content(given))
    return thing.get(key) or labelled(UNKNOWN, frame.content(given))
