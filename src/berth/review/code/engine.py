"""The review of a project's code: where data goes, as findings, questions and coverage."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from berth.review.code.entries import bound_by, entry_of, receiver_of, reply_of, unknown_caller
from berth.review.code.expressions import PUT_TOGETHER
from berth.review.code.frame import Hit, Shared
from berth.review.code.interpreter import GIVEN, Interpreter
from berth.review.code.library import Entry, FlowRule, Library, load_library
from berth.review.code.module_names import is_test
from berth.review.code.parse import SourceTree
from berth.review.code.project import Function, Project
from berth.review.code.routes import table_entries
from berth.review.code.values import Label
from berth.review.model import (
    CodePlace,
    Coverage,
    OpenQuestion,
    ReviewFinding,
    ReviewPart,
    Severity,
    SinkCount,
    Step,
    Unseen,
)

STATEMENTS_PER_FUNCTION = 150
"""The budget: how many statements may be interpreted, times the functions of the project, and a start."""
MOST_ROUNDS = 2
MOST_WAYS = 32
"""To how many entries one sink is followed back."""
DEEPEST_WAY = 12
LONGEST_WAY = 16
_OWN_RIGHTS = {
    (rule, origin)
    for rule in ("path-traversal", "header-injection", "open-redirect")
    for origin in ("command line", "environment")
}
_FAR = frozenset({"network", "queue", "file", "row", ""})
_LOWER = {Severity.CRITICAL: Severity.MEDIUM, Severity.HIGH: Severity.LOW}


@dataclass(frozen=True, slots=True)
class CodeReview:
    """What following a project's data brought, and the project, for those who look at other facts."""

    project: Project
    findings: tuple[ReviewFinding, ...]
    questions: tuple[OpenQuestion, ...]
    coverage: Coverage
    entries: tuple[Function, ...] = ()


def review_code(tree: SourceTree, models: Library | None = None) -> CodeReview:
    """Follow the data of a source tree from its entries to its sinks."""
    library = models or load_library()
    project = Project(tree)
    shared = Shared(project, library)
    interpreter = Interpreter(shared)
    shared.limit = 20_000 + STATEMENTS_PER_FUNCTION * len(project.functions)
    entries = _entries(project, library)
    for turn in range(MOST_ROUNDS):
        shared.grown = False
        _interpret(interpreter, entries, only_entries=turn > 0)
        if not shared.grown:
            break
        shared.memo.clear()
        shared.contexts.clear()
        shared.globals.clear()
        shared.ticks = 0
    return _reviewed(shared, tuple(entries))


def _entries(project: Project, library: Library) -> dict[Function, Entry]:
    """Return the functions that are called from outside: a model knows them, or a route table names them."""
    named = table_entries(project)
    found = ((each, entry_of(each, project, library) or named.get(each)) for each in _own_functions(project))
    return {function: entry for function, entry in found if entry is not None}


def _own_functions(project: Project) -> Iterator[Function]:
    """Yield the functions that are no tests: what a test gives to others says nothing of their use."""
    return (each for each in project.functions if not is_test(each.module.path))


def _interpret(interpreter: Interpreter, entries: dict[Function, Entry], only_entries: bool) -> None:
    """Run everything; or, of what attributes were given, only what is called from outside."""
    shared = interpreter.shared
    for name in sorted(shared.project.modules):
        if name not in shared.globals and not is_test(shared.project.modules[name].path):
            interpreter.variable(shared.project.modules[name], "__name__")
    if not only_entries:
        _run_constructors(interpreter)
    for function, entry in entries.items():
        bound = bound_by(entry, function, receiver_of(function), shared.project)
        interpreter.run_root(function, bound, reply_of(entry, function))
    if not only_entries:
        _run_rest(interpreter, frozenset(entries))


def _run_constructors(interpreter: Interpreter) -> None:
    """Learn what objects have in their attributes before the methods that use it are looked at."""
    for function in _own_functions(interpreter.shared.project):
        if function.owner is not None and function.name.endswith(".__init__"):
            interpreter.run_root(function, unknown_caller(function, receiver_of(function), has_labels=False), "")


def _run_rest(interpreter: Interpreter, done: frozenset[Function]) -> None:
    """Run what nothing has called yet, those first whose names nothing mentions: what they call needs no own run."""
    shared = interpreter.shared
    called = _mentioned(shared.project)
    rest = sorted(_own_functions(shared.project), key=lambda each: (each.name.rpartition(".")[2] in called, each.name))
    for function in rest:
        if function not in done and function not in shared.called:
            # A public one may have other callers than those that the tree names, a private one has not.
            is_free = (
                not function.name.rpartition(".")[2].startswith("_") or function.name.rpartition(".")[2] not in called
            )
            interpreter.run_root(function, unknown_caller(function, receiver_of(function), is_free), "")


def _mentioned(project: Project) -> set[str]:
    return set[str]().union(*(module.mentioned for module in project.modules.values()))


def _reviewed(shared: Shared, entries: tuple[Function, ...]) -> CodeReview:
    hits = sorted(
        (way for each in shared.hits.values() for way in _concrete_hits(shared, each) if not is_test(way.place.path)),
        key=lambda each: (each.place, each.rule, each.label.entry.place, each.label.origin),
    )
    outside, own = _by_origin(hits, has_entries=bool(entries))
    findings, questions = tuple(_findings(shared, outside)), tuple(_questions(shared, own))
    return CodeReview(shared.project, findings, questions, _coverage(shared, len(entries)), entries)


def _by_origin(hits: list[Hit], has_entries: bool) -> tuple[list[Hit], list[Hit]]:
    """Return the hits by data from outside, and those by what an unknown caller gives."""
    own = [each for each in hits if each.label.origin == "parameter"]
    outside = [each for each in hits if each.label.origin != "parameter"]
    if has_entries:
        # Who starts a program names its files with rights of their own.
        return [each for each in outside if (each.rule, each.label.origin) not in _OWN_RIGHTS], own
    return (outside, own) if outside else (own, [])


def _concrete_hits(shared: Shared, hit: Hit) -> list[Hit]:
    """Return a hit once for each entry of its data, followed back through the calls that passed it on."""
    found: dict[tuple[CodePlace, CodePlace], Hit] = {}
    waiting = [(hit.label, 0)]
    while waiting and len(found) < MOST_WAYS:
        label, depth = waiting.pop(0)
        callers = shared.callers.get(label.entry, {}) if depth < DEEPEST_WAY else {}
        for (call, _), actual in callers.items():
            steps = (*actual.steps, call, *label.steps)[:LONGEST_WAY]
            waiting.append((Label(actual.origin, actual.entry, label.safe, label.absent, steps), depth + 1))
        if not callers:
            moved = _where_put_together(shared.project, replace(hit, label=label))
            found.setdefault((label.entry.place, moved.place), moved)
    return list(found.values())


def _where_put_together(project: Project, hit: Hit) -> Hit:
    """Return a hit that stands where its text is put together, if it is given to another function that it reaches.

    What runs it, such as a function that every query goes through, is often harmless in itself.
    """
    whats = [each.what for each in hit.label.steps]
    last = max((at for at, what in enumerate(whats) if what == PUT_TOGETHER), default=-1)
    if last < 0 or not any(what.startswith(GIVEN) for what in whats[last:]):
        return hit
    step = hit.label.steps[last]
    function = project.function_at(step.place)
    if function is None or function is project.function_at(hit.place):
        return hit
    return replace(hit, place=step.place, symbol=function.name, code=step.code)


def _findings(shared: Shared, hits: list[Hit]) -> list[ReviewFinding]:
    found: dict[tuple[str, CodePlace], ReviewFinding] = {}
    for hit in hits:
        key = (hit.rule, hit.place)
        finding = _finding(shared, hit)
        known = found.get(key)
        if known is None or list(Severity).index(finding.severity) < list(Severity).index(known.severity):
            found[key] = finding
    return list(found.values())


def _finding(shared: Shared, hit: Hit) -> ReviewFinding:
    rule = shared.library.rules[hit.rule]
    text = "|".join((rule.id, hit.symbol, hit.code))
    return ReviewFinding(
        rule=rule.id,
        cwe=rule.cwe,
        severity=_severity(rule, hit.label.origin),
        part=ReviewPart.CODE,
        place=hit.place,
        sentence=_sentence(rule, hit.label.entry),
        symbol=hit.symbol,
        steps=_path(hit),
        origin=hit.label.origin,
        why_no_guard=_why(hit),
        remedy=rule.remedy,
        example=rule.example,
        fingerprint=hashlib.sha256(text.encode()).hexdigest()[:20],
    )


def _severity(rule: FlowRule, origin: str) -> Severity:
    severity = Severity(rule.severity)
    if origin in _FAR or origin in ("weak random", "error"):
        return severity
    return _LOWER.get(severity, severity)


def _sentence(rule: FlowRule, entry: Step) -> str:
    sentence = rule.sentence.format(origin=f"{_named(entry)} ({entry.place.path}:{entry.place.line})")
    return sentence[:1].upper() + sentence[1:]


def _named(entry: Step) -> str:
    """Return what enters, without the number that tells a parameter's data from that of its other callers."""
    return re.sub(r" \([a-z ]+ \d+\)$", "", entry.what)


def _path(hit: Hit) -> tuple[Step, ...]:
    entry = hit.label.entry
    steps = [Step(entry.place, "enters: " + _named(entry), entry.code), *hit.label.steps]
    if steps[-1].what not in ("reaches", PUT_TOGETHER) and steps[-1].place != hit.place:
        steps.append(Step(hit.place, "reaches", hit.code))
    return tuple(steps)


def _why(hit: Hit) -> str:
    if hit.label.absent:
        shown = " ".join(sorted(repr(each) for each in hit.label.absent)[:8])
        return f"What is checked on the way excludes {shown}, which is not enough here."
    return "Nothing on the way checks it, or limits what it may be." if hit.label.origin else ""


def _questions(shared: Shared, hits: list[Hit]) -> list[OpenQuestion]:
    """Return a question for each parameter of which nothing is known, with all places of a kind that it reaches."""
    reached: dict[tuple[str, CodePlace, str], list[CodePlace]] = {}
    asked: set[tuple[str, CodePlace]] = set()
    for hit in hits:
        if (hit.rule, hit.place) not in asked:
            asked.add((hit.rule, hit.place))
            entry = hit.label.entry
            reached.setdefault((hit.rule, entry.place, _named(entry)), []).append(hit.place)
    return [
        _question(shared.library.rules[rule], name, place, places) for (rule, place, name), places in reached.items()
    ]


def _question(rule: FlowRule, name: str, entry: CodePlace, places: list[CodePlace]) -> OpenQuestion:
    more = "" if len(places) == 1 else f" and {len(places) - 1} more"
    reached = f"{places[0].path}:{places[0].line}{more} ({rule.id})"
    sentence = f"{name[:1].upper()}{name[1:]} reaches {reached}; no caller of it is known here."
    needs = f"who calls the function at {entry.path}:{entry.line}, and with what"
    return OpenQuestion(sentence, needs, (rule.cwe,), (entry, *places))


def _coverage(shared: Shared, entries: int) -> Coverage:
    modules = shared.project.modules.values()
    unseen = [*shared.project.unseen, *(Unseen(each.place, "the budget ran out here") for each in shared.exhausted)]
    imports = (name for module in modules for name in module.imports.values() if name)
    return Coverage(
        files=len(modules),
        lines=sum(len(module.lines) for module in modules),
        functions=len(shared.project.functions),
        entries=entries,
        calls=len(shared.calls),
        calls_resolved=sum(shared.calls.values()),
        sinks=tuple(_sink_counts(shared)),
        unseen=tuple(sorted(unseen, key=lambda each: (each.place, each.why))),
        imports=frozenset(name.partition(".")[0] for name in imports),
    )


def _sink_counts(shared: Shared) -> Iterator[SinkCount]:
    """Yield how many calls may do each kind of harm, and why those that do none are harmless."""
    safe: dict[int, dict[CodePlace, str]] = {}
    for (rule, place), reason in sorted(shared.safe.items()):
        safe.setdefault(shared.library.rules[rule].cwe, {})[place] = reason
    harmful: dict[int, set[CodePlace]] = {}
    for hit in shared.hits.values():
        cwe = shared.library.rules[hit.rule].cwe
        harmful.setdefault(cwe, set()).add(hit.place)
        safe.setdefault(cwe, {}).pop(hit.place, None)
    for cwe in sorted(safe):
        reasons = Counter(safe[cwe].values())
        reached = len(harmful.get(cwe, ()))
        yield SinkCount(cwe, len(safe[cwe]) + reached, dict(sorted(reasons.items())), reached)
