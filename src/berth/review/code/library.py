"""What is known of libraries: where data enters, where it does harm, what makes it safe. Read from TOML."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import translate
from importlib import resources
from pathlib import Path
from typing import Any, Generic, TypeVar


class ModelError(ValueError):
    """A model file says something that is not understood."""


@dataclass(frozen=True, slots=True)
class FlowRule:
    """A kind of defect: its CWE, what is said of it, and which texts must be absent for data to be harmless.

    `absent` are alternatives: if all characters of one of them are known not to be in a text, it is harmless.
    """

    id: str
    cwe: int
    severity: str
    sentence: str
    remedy: str = ""
    example: str = ""
    absent: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()  # the only origins that count; all of them if empty
    renderers: tuple[str, ...] = ()  # what makes the lines of a log harmless whose configuration uses it


@dataclass(frozen=True, slots=True)
class Source:
    """Names that data enters by."""

    names: tuple[str, ...]
    origin: str
    what: str
    safe: tuple[str, ...] = ()  # kinds of harm that it cannot do, as text is no document with operators


@dataclass(frozen=True, slots=True)
class Sink:
    """Calls that do harm with what they are given; `arguments` are positions and names, `when` constant arguments."""

    rule: str
    names: tuple[str, ...]
    arguments: tuple[int | str, ...] = (0,)
    when: tuple[tuple[str, object], ...] = ()
    unless: tuple[tuple[str, object], ...] = ()
    constant: tuple[str, ...] = ()  # not data does harm but one of these constants
    bare: bool = False  # the call does harm with every argument
    origins: tuple[str, ...] = ()
    kind: str = ""  # a special way of looking at arguments: `words`


@dataclass(frozen=True, slots=True)
class Clean:
    """Calls whose result is less dangerous than what they are given."""

    names: tuple[str, ...]
    safe: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    drops: bool = False  # the result has nothing of what was given, as a number or a bound expression
    restores: bool = False  # the result may have anything in it again, as of a decoder
    undoes: tuple[str, ...] = ()  # kinds of harm that the result can do again


@dataclass(frozen=True, slots=True)
class Variant:
    """Calls that give a thing of another name if an argument is given: what does harm with some settings only."""

    names: tuple[str, ...]
    given: str
    becomes: str
    when: tuple[object, ...] = ()  # the constants with which it does; any but those of `unless` if empty
    unless: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """Functions that are called from outside: by decorator, by class and method, or by name."""

    origin: str
    what: str
    decorators: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()  # those that get data; all if empty
    requests: tuple[str, ...] = ()  # those that are a request object
    context: tuple[str, ...] = ()  # those that are the framework's own, and no data
    reply: str = ""  # the rule that the returned text must obey


T = TypeVar("T", Source, Sink, Clean, Variant)


@dataclass(slots=True)
class _Index(Generic[T]):
    """Patterns of dotted names, found by their last part."""

    by_last: dict[str, list[tuple[re.Pattern[str], T]]] = field(default_factory=dict)
    found: dict[str, tuple[T, ...]] = field(default_factory=dict)
    any_open: re.Pattern[str] | None = None  # matches what one of the patterns without a last part matches

    def add(self, item: T) -> None:
        for name in item.names:
            last = name.rpartition(".")[2]
            key = last if not set(last) & set("*?[") else "*"
            self.by_last.setdefault(key, []).append((re.compile(translate(name)), item))
        self.any_open = None

    def find(self, name: str) -> tuple[T, ...]:
        known = self.found.get(name)
        if known is not None:
            return known
        last: str = name.rpartition(".")[2]
        patterns = [*self.by_last.get(last, ()), *(self.by_last.get("*", ()) if self._is_open(name) else ())]
        self.found[name] = tuple(item for pattern, item in patterns if pattern.match(name))
        return self.found[name]

    def _is_open(self, name: str) -> bool:
        """Whether a pattern matches that has no last part to find it by: one question in place of dozens."""
        if self.any_open is None:
            patterns = [pattern.pattern for pattern, _ in self.by_last.get("*", ())]
            self.any_open = re.compile("|".join(patterns) or r"(?!)")
        return self.any_open.match(name) is not None


class Library:
    """Every model that a review uses: those that Berth brings, and those of the user."""

    def __init__(self) -> None:
        self.rules: dict[str, FlowRule] = {}
        self.entries: list[Entry] = []
        self._sources: _Index[Source] = _Index()
        self._sinks: _Index[Sink] = _Index()
        self._cleans: _Index[Clean] = _Index()
        self._variants: _Index[Variant] = _Index()

    def add(self, text: str, name: str) -> None:
        """Read a model file; raises ModelError with the file's name and what is wrong."""
        try:
            self._add(tomllib.loads(text))
        except (tomllib.TOMLDecodeError, TypeError) as error:
            raise ModelError(f"{name}: {error}") from error
        for sink in (item for found in self._sinks.by_last.values() for _, item in found):
            if sink.rule not in self.rules:
                raise ModelError(f"{name}: a sink names the rule {sink.rule!r}, which no model has")

    def _add(self, document: dict[str, Any]) -> None:
        for table in document.get("rule", ()):
            rule = FlowRule(**_frozen(table))
            self.rules[rule.id] = rule
        self.entries += [Entry(**_frozen(table)) for table in document.get("entry", ())]
        for table in document.get("source", ()):
            self._sources.add(Source(**_frozen(table)))
        for table in document.get("sink", ()):
            self._sinks.add(Sink(**_frozen(table)))
        for table in document.get("clean", ()):
            self._cleans.add(Clean(**_frozen(table)))
        for table in document.get("variant", ()):
            self._variants.add(Variant(**_frozen(table)))
        unknown = set(document) - {"rule", "entry", "source", "sink", "clean", "variant"}
        if unknown:
            raise ModelError(f"unknown tables: {', '.join(sorted(unknown))}")

    def judged(self) -> frozenset[int]:
        """Return the weaknesses for which something is looked at: a call that does harm, or what a handler returns."""
        used = {sink.rule for found in self._sinks.by_last.values() for _, sink in found}
        used.update(entry.reply for entry in self.entries)
        return frozenset(rule.cwe for rule in self.rules.values() if rule.id in used)

    def source(self, name: str) -> Source | None:
        """Return the source that a dotted name is."""
        found = self._sources.find(name)
        return found[0] if found else None

    def sinks(self, name: str) -> tuple[Sink, ...]:
        """Return the sinks that a call of a dotted name is."""
        return self._sinks.find(name)

    def clean(self, name: str) -> Clean | None:
        """Return what a call of a dotted name does to data; the last model wins, so that users can correct it."""
        found = self._cleans.find(name)
        return found[-1] if found else None

    def variants(self, name: str) -> tuple[Variant, ...]:
        """Return what a call of a dotted name may become by an argument."""
        return self._variants.find(name)


def _frozen(table: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, list):
            value = tuple(value)
        elif isinstance(value, dict):
            value = tuple(sorted(value.items()))
        made[key] = value
    return made


def load_library(extra: Iterable[Path] = ()) -> Library:
    """Load the models that Berth brings, then the user's files; raises ModelError and OSError."""
    library = Library()
    for each in sorted(
        resources.files("berth.review.models").iterdir(), key=lambda each: (each.name != "rules.toml", each.name)
    ):
        if each.name.endswith(".toml"):
            library.add(each.read_text(encoding="utf-8"), each.name)
    for path in extra:
        library.add(path.read_text(encoding="utf-8"), path.name)
    return library
