"""Random programs whose data either reaches a sink harmfully or does not, which running them shows.

A program is a request's data, up to five transformations of it, perhaps a guard, and a sink. It is executed with stubs
of the sinks, and with no other modules than those that the parts need.
"""

from __future__ import annotations

import base64
import builtins
import codecs
import collections
import contextlib
import copy
import dataclasses
import functools
import hashlib
import html
import io
import itertools
import json
import operator
import os.path
import random
import re
import shlex
import string
import textwrap
import types
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from tests.suites.review.program_parts import CLEANS, DECODES, ENDS, GUARDS, KEEPS, SINKS, SOURCES, Part, ProgramSink

FORMS: Final = ("{}", "a{}", "k={}", "a,{},b", "safe{}", "/data/{}", "7a{}7", "{}a=b")
"""What a request sends, around what does harm: guards may look at one place only."""


HEAD: Final = """\
import base64, codecs, collections, contextlib, copy, dataclasses, functools, hashlib, html, io, itertools, json
import operator, os, re, shlex, string, subprocess, textwrap, types, urllib.parse
from flask import Flask, render_template_string, request
import sqlite3
app = Flask(__name__)
db = sqlite3.connect('a.db')
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A program, and what its sink would be harmed by."""

    text: str
    sink: ProgramSink


def program(number: int) -> Program:
    """Return the program of a number: always the same one."""
    chance = random.Random(number)
    sink = chance.choice(SINKS)
    parts = _with_one_memory(_transformation(chance) for _ in range(chance.randint(0, 5)))
    guard = chance.choice(GUARDS)
    parts.sort(key=lambda part: part not in DECODES)
    parts.insert(chance.randint(sum(part in DECODES for part in parts), len(parts)), guard)
    heads, lines, indent, name = dict[str, None](), list[str](), "", "v0"
    lines += _named(chance.choice(SOURCES), name, name).split("\n")
    for count, part in enumerate(parts, 1):
        after = f"v{count}" if re.search(r"\bW\b", part.body) else name
        heads[part.head] = None
        lines += [f"{indent}{line}" for line in _named(part.body, name, after).split("\n") if line]
        name = after
        if part.nests:
            lines.append(f"{indent}if {_named(part.nests, name, name)}:")
            indent += "    "
    lines.append(f"{indent}{_named(sink.line, name, name)}")
    body = textwrap.indent("\n".join(lines), "    ")
    return Program(f"{HEAD}{''.join(heads)}\n@app.route('/x')\ndef handler():\n{body}\n    return {{'a': 1}}\n", sink)


def _with_one_memory(parts: Iterable[Part]) -> list[Part]:
    """Return parts of which one at most changes an object of the module: what is in it after two is not followed."""
    kept: list[Part] = []
    for part in parts:
        if "MEMORY" not in part.head or part not in kept:
            kept.append(part)
    return kept


def _transformation(chance: random.Random) -> Part:
    kind = chance.random()
    return chance.choice(KEEPS if kind < 0.79 else DECODES if kind < 0.84 else ENDS if kind < 0.92 else CLEANS)


def _named(text: str, given: str, result: str) -> str:
    return re.sub(r"\bW\b", result, re.sub(r"\bV\b", given, text))


def is_harmful(made: Program) -> bool:
    """Whether some payload reaches the program's sink with something in it that does harm there."""
    run = _Run()
    names: dict[str, Any] = {"__name__": __name__, "__builtins__": run.builtins()}
    exec(compile(made.text, "program", "exec"), names)
    handler = names["handler"]
    return any(
        harmful in text
        for harmful in made.sink.harmful
        for form in FORMS
        for text in run.reached_by(form.format(harmful), handler)
    )


class _Run:
    """One execution of a program. Its sinks only note what they are given; it can import what it needs and no more."""

    def __init__(self) -> None:
        self._payload = ""
        self._reached: list[str] = []

    def reached_by(self, payload: str, handler: Callable[[], object]) -> list[str]:
        """Return the texts that reach the sink if a request sends this payload."""
        self._payload, self._reached = payload, []
        with contextlib.suppress(ValueError, IndexError, KeyError, TypeError):
            answer = handler()
            self._reached += [answer] if isinstance(answer, str) else []
        return self._reached

    def note(self, text: object, *_: object, **_named: object) -> None:
        """Note what a sink is given."""
        self._reached.append(text if isinstance(text, str) else "")

    def get(self, *_: object) -> str:
        """Return what a request sends, under any name."""
        return self._payload

    __getitem__ = get

    def get_json(self) -> _Run:
        """Return the body of a request."""
        return self

    def route(self, _path: str) -> Callable[[Any], Any]:
        """Return a decorator that does nothing."""
        return lambda function: function

    def builtins(self) -> dict[str, Any]:
        """Return the builtins of the program."""
        request = types.SimpleNamespace(
            **dict.fromkeys(("args", "form", "headers", "cookies", "values"), self), get_json=self.get_json
        )
        cursor = types.SimpleNamespace(cursor=lambda: types.SimpleNamespace(execute=self.note))
        modules = {
            **_MODULES,
            "flask": types.SimpleNamespace(Flask=lambda _: self, request=request, render_template_string=self.note),
            "sqlite3": types.SimpleNamespace(connect=lambda _: cursor),
            "os": types.SimpleNamespace(system=self.note, path=os.path),
            "subprocess": types.SimpleNamespace(run=self.note),
        }
        return {**vars(builtins), "__import__": lambda name, *_: modules[name], "eval": self.note, "open": self.note}


_MODULES: Final[dict[str, Any]] = {
    **{
        each.__name__: each for each in (base64, codecs, collections, contextlib, copy, dataclasses, functools, hashlib)
    },
    **{each.__name__: each for each in (html, io, itertools, json, operator, re, shlex, string, textwrap, types)},
    "urllib.parse": urllib,
}
