"""Sources of settings: flags override the environment, the environment a file, a file the defaults."""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from berth.settings.values import Section, Settings

FILES: Final = (Path("berth.toml"), Path("/etc/berth/berth.toml"))
"""The files to look for if none is named."""

PREFIX: Final = "BERTH_"

NOT_SETTINGS: Final = frozenset(
    {"BERTH_COMMAND", "BERTH_CONFIG", "BERTH_TOKEN", "BERTH_TOKEN_FILE", "BERTH_URL", "BERTH_WAIT"}
)
"""Variables that are not settings."""


class SettingsWrong(Exception):
    """A setting has an illegal name or value."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Settings, and the origin of each value by dotted name."""

    settings: Settings
    origins: dict[str, str]


def names() -> dict[str, Any]:
    """Return every setting by its dotted name, with its type."""
    return dict(_names(Settings, ""))


def resolved(
    flags: Mapping[str, Any] | None = None, file: str | None = None, environment: Mapping[str, str] = os.environ
) -> Resolved:
    """Return the settings from all sources. Raises SettingsWrong.

    flags: by dotted name, from the command line; None: not given. file: named on the command line or in
    BERTH_CONFIG, otherwise the first of FILES that exists.
    """
    known = names()
    values: dict[str, Any] = {}
    origins = dict.fromkeys(known, "default")
    named = file or environment.get("BERTH_CONFIG")
    for path in [Path(named)] if named else [each for each in FILES if each.is_file()][:1]:
        _merge(values, origins, _from_file(path, known), str(path))
    for name, variable, value in _from_environment(environment, known):
        _merge(values, origins, {name: _checked(name, value, known[name], variable, strict=False)}, variable)
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    for name, value in given.items():
        _merge(values, origins, {name: _checked(name, value, known[name], "the command line")}, "command line")
    return Resolved(_settings(values), origins)


def flags_of(pairs: Iterable[str]) -> dict[str, Any]:
    """Return settings given as NAME=VALUE on the command line, for `resolved`. Raises SettingsWrong."""
    known, found = names(), {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise SettingsWrong(f"--set {pair}: write NAME=VALUE")
        if name not in known:
            raise SettingsWrong(f"--set {name}: there is no setting {name}{_suggestion(name, known)}")
        where = f"--set {name}"
        found[name] = _checked(name, _parsed(text, known[name], where), known[name], where, strict=False)
    return found


def _names(section: type[msgspec.Struct], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, kind in get_type_hints(section, include_extras=True).items():
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from _names(kind, f"{prefix}{name}.")
        elif not name.startswith("_"):
            yield f"{prefix}{name}", kind


def _merge(values: dict[str, Any], origins: dict[str, str], more: Mapping[str, Any], origin: str) -> None:
    values.update(more)
    origins.update(dict.fromkeys(more, origin))


def _from_file(path: Path, known: Mapping[str, Any]) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsWrong(f"{path} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsWrong(f"{path} is not valid TOML: {error}") from None
    found: dict[str, Any] = {}
    for name, value in _flat(table, "", known):
        where = f"{path}, line {_line(text, name)}"
        if name not in known:
            raise SettingsWrong(f"{where}: there is no setting {name}{_suggestion(name, known)}")
        found[name] = _checked(name, value, known[name], where)
    return found


def _flat(table: Mapping[str, Any], prefix: str, known: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the values of a file by dotted name. A table that is itself a setting stays one."""
    sections = {name.partition(".")[0] for name in known if "." in name}
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and not prefix and key in sections:
            yield from _flat(value, f"{name}.", known)
        else:
            yield name, value


def _line(text: str, name: str) -> int:
    key = re.escape(name.rpartition(".")[2])
    found = re.search(rf"""^[ \t]*(\[[ \t]*)?(["']?){key}\2[ \t]*[=\].]""", text, re.MULTILINE)
    return 1 if found is None else text.count("\n", 0, found.start()) + 1


def _from_environment(environment: Mapping[str, str], known: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    by_variable = {PREFIX + name.replace(".", "_").upper(): name for name in known}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable in NOT_SETTINGS or variable.startswith(f"{PREFIX}TEST_"):
            continue
        name = by_variable.get(variable)
        if name is None:
            raise SettingsWrong(f"the variable {variable} is not a setting{_suggestion(variable, by_variable)}")
        yield name, variable, _parsed(text, known[name], variable)


def _parsed(text: str, kind: Any, variable: str) -> Any:
    """Return the text of a variable as a value: lists are separated by commas, tables are JSON."""
    if get_origin(kind) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    if get_origin(kind) is dict:
        try:
            return json.loads(text)
        except ValueError:
            raise SettingsWrong(f"{variable} must be a table in JSON") from None
    return text


def _checked(name: str, value: Any, kind: Any, where: str, *, strict: bool = True) -> Any:
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        if get_origin(kind) is Literal:
            choices = get_args(kind)
            raise SettingsWrong(
                f"{where}: {name} must be one of {', '.join(choices)}{_suggestion(str(value), choices)}"
            ) from None
        reason = str(error).replace("`", "").partition(" - at")[0]
        raise SettingsWrong(f"{where}: {name} is invalid: {reason}") from None


def _suggestion(name: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f": did you mean {matches[0]}?" if matches else ""


def _settings(values: Mapping[str, Any]) -> Settings:
    tree: dict[str, Any] = {}
    for name, value in values.items():
        section, _, key = name.rpartition(".")
        (tree.setdefault(section, {}) if section else tree)[key] = value
    return msgspec.convert(tree, Settings)
