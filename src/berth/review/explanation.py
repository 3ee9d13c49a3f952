"""What a review looks at for each weakness, and what its models know of libraries: texts for `explain` and `models`."""

import textwrap
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

from berth.review.attacks import attack
from berth.review.subject import SubjectUnreadable
from berth.review.weaknesses import NAMES, TOP_25, link, weakness_name

_FLOW: Final = "data is followed from where it enters, through functions, classes and files, to"
_HOW: Final[tuple[tuple[tuple[int, ...], str], ...]] = (
    ((89, 564, 943), f"{_FLOW} the text of statements. Bound values and expressions of SQLAlchemy end it."),
    ((78, 77, 88), f"{_FLOW} commands that are run, and the first word of what is run without a shell."),
    ((22, 23, 36, 73), f"{_FLOW} names of files. A check that the resolved path is below a folder ends it."),
    ((79,), f"{_FLOW} HTML that is sent back; templates are scanned for what switches escaping off."),
    ((94, 95, 96, 1336), f"{_FLOW} code that is evaluated, modules that are imported, templates that are compiled."),
    ((502,), f"{_FLOW} decoders that build any object: pickle, unsafe YAML, marshal and others."),
    ((918,), f"{_FLOW} addresses that this program fetches. A comparison of the host with a fixed list ends it."),
    ((601, 113, 93, 117), f"{_FLOW} redirects, response headers and log lines."),
    ((611, 776, 643, 90, 501), f"{_FLOW} XML parsers with entities on, XPath and LDAP queries, sessions."),
    ((20, 1284, 129, 190), f"{_FLOW} sizes, indices and amounts, without a bound or a type on the way."),
    ((434,), f"{_FLOW} files that are saved under a name or type that the client chose."),
    ((200, 209, 215, 532, 312), "secrets, exceptions and tracebacks are followed to responses, logs and files."),
    ((352,), "routes that change something are compared with how their callers sign in: a cookie needs a token."),
    ((862, 306, 863, 284, 639), "on each way from a route to an effect a check of who asks has to come first."),
    ((787, 416, 125, 120, 121, 122), "native code in the tree, and modules that reach into memory."),
    ((476,), "left to a type checker; the review says whether one is configured strictly."),
    (
        (770, 400, 1333, 674, 409),
        "unbounded reads, missing timeouts, recursion, archives, patterns that may take long.",
    ),
    ((362, 367), "a read, a decision and a write that are not in one transaction or under one lock."),
    ((327, 328, 916, 330, 338, 326, 347), "calls of cryptography and their constants: algorithms, key sizes, checks."),
    ((295, 297, 319), "constants that switch the verification of certificates off, and addresses without TLS."),
    ((798, 259, 321, 256), "literals that are secrets by name, form and use; tests and examples are left out."),
    ((208,), "comparisons of secrets that end at the first difference."),
    ((614, 1004, 1275, 489), "flags of cookies, and debug switches."),
    ((732, 377), "modes of files, temporary names, and files of the deployment."),
    ((937, 1395, 1104), "pinned or installed versions are compared with advisories (OSV) and ends of support."),
    ((16, 250, 269, 276, 311), "the deployment: rights held in the database, files, addresses, TLS, tokens, policy."),
    ((778, 223, 354), "the audit log: its chain and seal, silence, and rights that are never used."),
)
HOW: Final = {cwe: text for cwes, text in _HOW for cwe in cwes}
"""How each weakness is looked for."""


class UnknownWeakness(Exception):
    """No rule looks for the weakness."""


def explain_weakness(name: str) -> str:
    """Return what is looked at for a weakness, given as `CWE-89` or `89`. Raises UnknownWeakness."""
    number = name.upper().removeprefix("CWE-")
    if not (number.isascii() and number.isdigit() and int(number) in NAMES):
        raise UnknownWeakness(f"no rule looks for {name}: `berth review` lists those that are looked for")
    cwe = int(number)
    top = f" Number {TOP_25.index(cwe) + 1} of the Top 25." if cwe in TOP_25 else ""
    lines = [f"CWE-{cwe}: {weakness_name(cwe)}", link(cwe), ""]
    lines += textwrap.wrap(f"{HOW[cwe][0].upper()}{HOW[cwe][1:]}{top}", 80)
    lines += textwrap.wrap(f"How it is used: {attack(cwe)}", 80)
    for rule in _documents(()):
        for each in rule.get("rule", ()):
            if each.get("cwe") == cwe:
                lines += ["", *_rule(each)]
    return "\n".join(lines) + "\n"


def _rule(rule: dict[str, Any]) -> Iterator[str]:
    yield f"{rule['id']} ({rule.get('severity', 'high')})"
    sentence = str(rule.get("sentence", "")).replace("{origin}", "Data from outside")
    yield from textwrap.wrap(sentence, 80, initial_indent="  ", subsequent_indent="  ")
    if remedy := rule.get("remedy"):
        yield from textwrap.wrap(f"To mend: {remedy}", 80, initial_indent="  ", subsequent_indent="    ")
    for line in str(rule.get("example", "")).splitlines():
        yield f"    {line}"


def explain_models(more: Iterable[Path]) -> str:
    """Return which calls of which libraries the models know, by the library's first name."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for document in _documents(more):
        for kind, entries in sorted(document.items()):
            for entry in entries if isinstance(entries, list) else ():
                for name in entry.get("names", ()) if isinstance(entry, dict) else ():
                    counts[_library(str(name))][kind] += 1
    lines = ["LIBRARY             KNOWN"]
    for library, kinds in sorted(counts.items()):
        lines.append(f"{library:<19} " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    return "\n".join(lines) + "\n"


def _library(name: str) -> str:
    first = name.lstrip("*.").partition(".")[0].partition("(")[0] if not name.startswith("*") else ""
    return first or "(any)"


def _documents(more: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for resource in sorted(resources.files("berth.review.models").iterdir(), key=lambda each: each.name):
        if resource.name.endswith(".toml"):
            yield tomllib.loads(resource.read_text(encoding="utf-8"))
    for path in more:
        try:
            yield tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SubjectUnreadable(f"{path} is not a model: {error}") from None
