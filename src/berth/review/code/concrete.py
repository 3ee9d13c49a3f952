"""The data of one call in place of the parameters that a function's summary names it after."""

from dataclasses import dataclass

from msgspec.structs import replace

from berth.review.code.values import MOST_STEPS, Label, Thing, Value, label_of, labelled
from berth.review.model import Step

Given = dict[Step, frozenset[Label]]
"""By a parameter that data is named after: what it was given."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a call of a function found out of its arguments: their values where it returned true, false, or at all."""

    parameters: tuple[str, ...]
    after: dict[bool | None, dict[str, Value]]
    given: Given

    def value(self, outcome: bool | None, name: str) -> Value | None:
        """Return the value of a parameter after an outcome, or None if nothing is known of it."""
        found = self.after[outcome].get(name)
        return None if found is None else concrete(found, self.given)


def concrete(value: Value, given: Given) -> Value:
    """Return a value with the data of a call in place of the parameters that it was given by."""
    labels = value.labels
    if not labels or not given:
        return value
    made: set[Label] = set()
    for label in labels:
        actual = given.get(label.entry)
        if actual is None:
            made.add(label)
            continue
        for each in actual:
            steps = (*each.steps, *label.steps)[:MOST_STEPS] if label.steps else each.steps
            made.add(label_of(each.origin, each.entry, label.safe, label.absent, steps))
    return labelled(value, frozenset(made))


def concrete_thing(thing: Thing, given: Given) -> Thing:
    """Return an object with the data of a call in place of the parameters that it was given by."""
    if not any(value.labels for value in thing.values()):
        return thing
    items = tuple((key, concrete(value, given)) for key, value in thing.items)
    return replace(thing, items=items, rest=concrete(thing.rest, given))
