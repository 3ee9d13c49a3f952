"""Abstract values: the constants that an expression may have, where its text came from, and what it refers to."""

from collections.abc import Collection, Iterable
from functools import lru_cache
from zlib import crc32

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from berth.review.model import Step

MOST_CONSTANTS = 8
MOST_LABELS = 12
MOST_STEPS = 8
Constant = str | bytes | int | float | complex | bool | None

DANGEROUS = frozenset("'\"<>&;|`$(){}[]\\/ \n\r.*%=-,:#!?@+~^\t\0")
"""The characters that a language which is put together from text may take for its own."""


@lru_cache(maxsize=1 << 16)
def _code(text: str, number: int) -> int:
    """Return a hash that is the same in each process, so that sets have one order and reports one form."""
    return crc32(text.encode("utf-8", "surrogatepass"), number)


class Label(Struct, frozen=True, eq=False):
    """Data of an origin, and what is known about it: kinds of harm it cannot do, texts that are not in it.

    `origin` is a kind (`network`), `entry` the step where it entered, `steps` the way since then.
    """

    origin: str
    entry: Step
    safe: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    steps: tuple[Step, ...] = ()
    code: int = 0

    def __post_init__(self) -> None:
        """Compute the hash."""
        entry = self.entry
        place = entry.place
        text = f"{self.origin}|{place.path}|{entry.what}|{len(self.safe)}|{len(self.absent)}"
        force_setattr(self, "code", _code(text, place.line))

    def __hash__(self) -> int:
        return self.code

    def __eq__(self, other: object) -> bool:
        """Whether it is the same data with the same known about it; the way does not count."""
        if self is other:
            return True
        if not isinstance(other, Label) or self.code != other.code:
            return False
        same = self.origin == other.origin and self.entry == other.entry
        return same and self.safe == other.safe and self.absent == other.absent

    def via(self, step: Step) -> "Label":
        """Return the label after one more step."""
        if len(self.steps) >= MOST_STEPS or (self.steps and self.steps[-1].place == step.place):
            return self
        return label_of(self.origin, self.entry, self.safe, self.absent, (*self.steps, step))


label_of = lru_cache(maxsize=1 << 15)(Label)
"""Return a label with these fields: one that was made before is not made again."""


class Ref(Struct, frozen=True, eq=False):
    """What a value refers to: an `external` name, a `function`, `class`, `module`, `instance`, `object`, `bound`."""

    kind: str
    target: object
    of: object = None  # of a bound method: the value that it is bound to
    order: str = ""
    code: int = 0

    def __post_init__(self) -> None:
        """Compute the hash and the place in an order, the same in each process."""
        target = self.target
        order = target if isinstance(target, str) else str(getattr(target, "name", target))
        force_setattr(self, "order", order)
        force_setattr(self, "code", _code(order, len(self.kind)))

    def __hash__(self) -> int:
        return self.code

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Ref) or self.code != other.code or self.kind != other.kind:
            return False
        return self.target == other.target and self.of == other.of


class Value(Struct, frozen=True, cache_hash=True):
    """Everything that an expression may be. `is_open` says that it may be something that is not listed, too.

    `prefix` is how its text certainly begins, where labels are in it as well.
    """

    constants: frozenset[tuple[str, Constant]] = frozenset()
    is_open: bool = False
    labels: frozenset[Label] = frozenset()
    refs: frozenset[Ref] = frozenset()
    prefix: str = ""

    def only(self) -> list[Constant] | None:
        """Return the constants that it is one of, in order; None if it may be something else."""
        if self.is_open or self.labels or self.refs or not self.constants:
            return None
        if len(self.constants) == 1:
            return [value for _, value in self.constants]
        return [value for _, value in sorted(self.constants, key=repr)]

    def single(self) -> tuple[Constant] | None:
        """Return the one constant that it is."""
        if len(self.constants) != 1:
            return None
        found = self.only()
        return (found[0],) if found is not None else None

    def names(self) -> list[str]:
        """Return the dotted names of external things that it may be."""
        if not self.refs:
            return []
        found = [ref.order for ref in self.refs if ref.kind == "external"]
        return found if len(found) < 2 else sorted(found)

    def of_kind(self, kind: str) -> list[Ref]:
        """Return its references of a kind, in order."""
        if not self.refs:
            return []
        found = [ref for ref in self.refs if ref.kind == kind]
        return found if len(found) < 2 else sorted(found, key=_order)


def _order(ref: Ref) -> str:
    return ref.order


NOTHING = Value()
"""The value of what cannot happen."""
UNKNOWN = Value(is_open=True)


def constant(value: Constant) -> Value:
    """Return the value that is this constant."""
    if value is None or value is True or value is False:
        return _SINGLE[value]
    return Value(frozenset({(type(value).__name__, value)}))


_SINGLE = {value: Value(frozenset({(type(value).__name__, value)})) for value in (None, True, False)}


def constants(values: Iterable[Constant]) -> Value:
    """Return the value that is one of these constants, or open if they are many."""
    found = frozenset((type(value).__name__, value) for value in values)
    return Value(found) if len(found) <= MOST_CONSTANTS else UNKNOWN


def reference(kind: str, target: object, of: object = None) -> Value:
    """Return the value that refers to one thing."""
    return Value(refs=frozenset({Ref(kind, target, of)}))


def external(name: str, labels: frozenset[Label] = frozenset()) -> Value:
    """Return a thing of outside by its dotted name; a name too long is cut to what it begins and ends with."""
    value = _external(name)
    return Value(is_open=True, labels=labels, refs=value.refs) if labels else value


@lru_cache(maxsize=1 << 14)
def _external(name: str) -> Value:
    ref = Ref("external", name if len(name) <= 160 else f"{name[:40]}~{name[-40:]}")
    return Value(is_open=True, refs=frozenset({ref}))


def join(one: Value, other: Value) -> Value:
    """Return what is either of two values."""
    if one is other or other is NOTHING:
        return one
    if one is NOTHING:
        return other
    if one == other or other == NOTHING:
        return one
    if one == NOTHING:
        return other
    found = one.constants | other.constants
    is_open = one.is_open or other.is_open
    if len(found) > MOST_CONSTANTS:
        found, is_open = frozenset(), True
    return Value(found, is_open, limited(one.labels | other.labels), _few(one.refs | other.refs), _common(one, other))


def _few(refs: frozenset[Ref]) -> frozenset[Ref]:
    if len(refs) <= 12:
        return refs
    return frozenset(sorted(refs, key=lambda ref: (ref.kind, ref.order))[:12])


def _common(one: Value, other: Value) -> str:
    if one.prefix == other.prefix:
        return one.prefix
    # A constant beside a text that begins with it does no harm.
    if not one.labels:
        return other.prefix
    return one.prefix if not other.labels else ""


def join_all(values: Iterable[Value]) -> Value:
    """Return what is any of these values."""
    result = NOTHING
    for value in values:
        result = value if result is NOTHING else join(result, value)
    return result


def limited(labels: frozenset[Label]) -> frozenset[Label]:
    """Return at most `MOST_LABELS` labels: the least safe ones."""
    if len(labels) <= MOST_LABELS:
        return labels
    ranked = sorted(labels, key=lambda label: (len(label.safe) + len(label.absent), label.entry.place, label.origin))
    return frozenset(ranked[:MOST_LABELS])


def labelled(value: Value, labels: frozenset[Label]) -> Value:
    """Return a value with these labels in place of its own."""
    return value if labels == value.labels else replace(value, labels=limited(labels))


def made_safe(value: Value, kinds: Iterable[str] = (), absent: Iterable[str] = ()) -> Value:
    """Return a value whose labels can do no harm of these kinds, and have none of these texts in them."""
    if not value.labels:
        return value
    kinds, absent = frozenset(kinds), frozenset(absent)
    return labelled(
        value,
        frozenset(
            Label(each.origin, each.entry, each.safe | kinds, each.absent | absent, each.steps) for each in value.labels
        ),
    )


def made_unsafe(value: Value, kinds: Collection[str] | None = None) -> Value:
    """Return a value whose labels can do harm of these kinds again; of all kinds, with any text, if none are given."""
    if kinds is None:
        return labelled(value, frozenset(Label(each.origin, each.entry, steps=each.steps) for each in value.labels))
    gone = frozenset(kinds)
    made = (Label(each.origin, each.entry, each.safe - gone, each.absent, each.steps) for each in value.labels)
    return labelled(value, frozenset(made))


class Thing(Struct, frozen=True, cache_hash=True):
    """An object on the heap: its entries by constant key or position, the others, its attributes.

    `kind` is `list`, `tuple`, `dict`, `set` or `instance`; `is_exact` says that nothing but `items` is in it, and of a
    list that its order is known.
    """

    kind: str
    items: tuple[tuple[object, Value], ...] = ()
    rest: Value = NOTHING
    is_exact: bool = True
    owner: object = None

    def get(self, key: object) -> Value | None:
        """Return the value at a key, or None."""
        return next((value for each, value in self.items if each == key and type(each) is type(key)), None)

    def put(self, key: object, value: Value) -> "Thing":
        """Return the object with a value at a key."""
        if len(self.items) >= 64:
            return replace(self, rest=join(self.rest, value), is_exact=False)
        kept = tuple(pair for pair in self.items if pair[0] != key)
        return replace(self, items=(*kept, (key, value)))

    def without(self, key: tuple[object] | None) -> "Thing":
        """Return the object without what is at a key (None: at one that is not known)."""
        if self.kind != "dict":
            return self.blurred()
        return replace(self, items=tuple(pair for pair in self.items if key is None or pair[0] != key[0]))

    def values(self) -> list[Value]:
        """Return every value in it."""
        return [*(value for _, value in self.items), *([] if self.rest == NOTHING else [self.rest])]

    def blurred(self, value: Value = NOTHING) -> "Thing":
        """Return the object with one more value at a place that is not known."""
        if self.kind == "instance" or self.kind == "dict":
            return replace(self, rest=join(self.rest, value), is_exact=False)
        return replace(self, items=(), rest=join_all([*self.values(), value]), is_exact=False)


def join_things(one: Thing, other: Thing) -> Thing:
    """Return what is either of two states of an object."""
    if one == other:
        return one
    keys = [key for key, _ in one.items] + [key for key, _ in other.items if one.get(key) is None]
    same_order = [key for key, _ in one.items] == [key for key, _ in other.items]
    if one.kind in ("list", "tuple", "set") and not same_order:
        return Thing(one.kind, (), join_all([*one.values(), *other.values()]), is_exact=False)
    items = tuple((key, join(one.get(key) or one.rest, other.get(key) or other.rest)) for key in keys)
    return Thing(one.kind, items, join(one.rest, other.rest), one.is_exact and other.is_exact and same_order, one.owner)


class State:
    """What variables and objects are at one point of a function."""

    __slots__ = ("alive", "heap", "names")

    def __init__(self, names: dict[str, Value], heap: dict[object, Thing], alive: bool = True) -> None:
        self.names = names
        self.heap = heap
        self.alive = alive

    def copy(self) -> "State":
        """Return a state that can change without this one."""
        return State(dict(self.names), dict(self.heap), self.alive)

    def become(self, other: "State") -> None:
        """Take over what another state is."""
        self.names, self.heap, self.alive = other.names, other.heap, other.alive


def join_states(one: State, other: State) -> State:
    """Return what is either of two states; one that cannot be reached does not count."""
    if not one.alive:
        return other
    if not other.alive:
        return one
    names = dict(one.names)
    for name, value in other.names.items():
        mine = names.get(name)
        if mine is not value:
            names[name] = value if mine is None else join(mine, value)
    heap = dict(one.heap)
    for key, thing in other.heap.items():
        known = heap.get(key)
        if known is not thing:
            heap[key] = thing if known is None else join_things(known, thing)
    return State(names, heap)
