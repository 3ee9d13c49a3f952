"""Who may: checks of identity and of rights that dominate the effects of a handler (CWE-862, 306, 639, 863)."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from berth.review.facts.dispatch import dispatch_check, is_of_table
from berth.review.facts.fact import Defect, Fact, Safe, Sources, finding, question
from berth.review.facts.routes import UNSAFE, Handler, Indexed, functions_by_name, handlers, rows
from berth.review.facts.syntax import SourceFile, SymbolOwner, words
from berth.review.model import CodePlace, Severity

_MISSING: Final = Defect(
    "missing-authorization",
    862,
    Severity.HIGH,
    "Check the caller's rights first, as the routes beside it do.",
)
_ANONYMOUS: Final = Defect(
    "missing-authentication",
    306,
    Severity.HIGH,
    "Ask who the caller is first, as the routes beside it do.",
)
_OWNER: Final = Defect(
    "record-of-another",
    639,
    Severity.HIGH,
    "Look the record up together with the caller: only their own is found.",
    "Order.query.filter_by(id=order_id, user_id=current_user.id).first_or_404()",
)
_CHECK: Final = re.compile(
    r"(?i)(^|[_.])(can|authori[sz]e[sd]?|authenticated?|enforce|(require|check|ensure|verify|assert|need|has)_\w*"
    r"(auth\w*|login|user|perm\w*|role|admin|owner\w*|access|token|policy|session|api_?key|scope|rights?|jwt|credentials)"
    r"|\w*(login|auth|permissions?|role|admin|user|token|jwt|api_key)_required|permission_required|login_required"
    r"|\w*requires?_?(auth\w*|login|roles?|admin|permissions?|scopes?)|user_passes_test|jwt_required|permissions_classes"
    r"|protected|roles_(required|accepted)|admin_only|is_(authenticated|admin|staff|superuser|owner|authorized)"
    r"|has_(perm|permission|role|access)s?|(get_)?current_(active_)?(user|admin)|get_jwt_identity|gate)$"
)
_GUARD: Final = re.compile(r"(?i)(^|[._])(auth(n|z|ed|enticat\w*|oriz\w*)?|login|logged_in|signed_in)(_|$)")
"""Names of decorators that let only some callers through."""
_IDENTITY: Final = re.compile(
    r"\b(current_user|request\.user|g\.user|session\[|session\.get|self\.current_user|get_jwt)"
)
_OF_RIGHTS: Final = re.compile(r"(?i)perm|role|admin|authori|\bcan\b|_can$|policy|owner|staff|scope|enforce|access")
_PUBLIC: Final = re.compile(
    r"(?i)(^|[/_<])(login|log_?in|sign_?in|sign_?up|register|log_?out|health\w*|ready\w*|live\w*|ping|index|static|about"
    r"|version|favicon|metrics|forgot|reset|callback|oauth|webhook|home|docs|robots|captcha|csp|token|root|contact)"
)
_ADMINISTRATION: Final = re.compile(r"(?i)admin|debug|internal|shutdown|manage|backup|config")
_EFFECTS: Final = re.compile(
    r"\.(add|delete|commit|save|execute|executemany|remove|update|create|destroy|insert\w*|delete_\w+|update_\w+|"
    r"unlink|rmtree|system|run|Popen|post|put|write|drop|set_password|bulk_\w+)\b|^(exec|eval|open)$"
)
_DEEPEST: Final = 3
"""How many calls a check may stand below the handler."""
_GLOBAL: Final = re.compile(r"(before_request|before_app_request|middleware|DEFAULT_PERMISSION_CLASSES|LoginRequired)")
_LOOKUPS: Final = re.compile(
    r"\.(get|get_or_404|filter_by|filter|one|first|get_object_or_404|find_one|get_by_id|where)$"
)


def authority(sources: Sources) -> Iterator[Fact]:
    """Yield each handler whose effects no check dominates, where the handlers beside it are checked."""
    found = handlers(sources)
    yield from _open_rows(sources)
    guarded = _guarded_files(sources)
    dominance, dispatched = _Dominance(sources), dispatch_check(sources, _CHECK)
    checks = {id(each): _checks_of(each, dominance) for each in found}
    checked = [each for each in found if checks[id(each)]]
    asked = [each for each in found if not checks[id(each)] and each.file.path not in guarded and not _is_public(each)]
    naked = [each for each in asked if not (dispatched and is_of_table(each))]
    yield from (Safe(862, "route with a check of authority before its effects") for _ in checked)
    yield from (Safe(862, "row of a route table that one dispatcher checks") for _ in asked[len(naked) :])
    harmful = [each for each in naked if (each.is_unsafe and not each.is_any_method) or _has_effect(each)]
    if checked and harmful and not guarded:
        yield from (_unchecked(each, checked, checks) for each in harmful if _is_exception(each, checked, harmful))
    elif harmful and not guarded:
        places = tuple(CodePlace(each.file.path, each.function.lineno) for each in harmful[:10])
        sentence = f"Who may call the {len(harmful)} routes that change something? No route of this project asks."
        yield question(sentence, "what stands before the program and signs callers in", (862, 306, 863, 284), *places)
        yield from _sensitive(harmful)
    yield from _owners(found, naked)


def _is_exception(handler: Handler, checked: list[Handler], harmful: list[Handler]) -> bool:
    """Whether most of the routes in its file, or of all, are checked."""
    beside = sum(each.file is handler.file for each in checked)
    alike = sum(each.file is handler.file for each in harmful)
    return beside >= alike if beside else len(checked) >= max(3, len(harmful))


def _unchecked(handler: Handler, checked: list[Handler], checks: dict[int, str]) -> Fact:
    usual = Counter(checks[id(each)] for each in checked).most_common(1)[0][0]
    defect = _MISSING if _OF_RIGHTS.search(usual) else _ANONYMOUS
    sentence = (
        f"{handler.function.name} ({'/'.join(sorted(handler.methods))} {handler.path}) has an effect and no check;"
        f" {len(checked)} other routes check first, most by {usual!r}."
    )
    return finding(handler.file, handler.function, handler.around, defect, sentence)


def _sensitive(harmful: list[Handler]) -> Iterator[Fact]:
    """Yield the routes for administration, whose names say that not all may use them."""
    for each in harmful:
        if _ADMINISTRATION.search(f"{each.path} {each.function.name}"):
            sentence = f"{each.function.name} ({each.path}) is for administration and asks no caller who they are."
            yield finding(each.file, each.function, each.around, _ANONYMOUS, sentence)


def _open_rows(sources: Sources) -> Iterator[Fact]:
    """Yield each row of a route table that opens a changing route to all."""
    for row in rows(sources):
        for keyword in row.options.keywords if row.options is not None else ():
            value = row.file.constant(keyword.value, row.owner)
            opened = (keyword.arg in {"public", "anonymous", "open", "unauthenticated"} and value is True) or (
                keyword.arg in {"auth", "authenticated", "login_required", "auth_required", "protected"}
                and value is False
            )
            if opened and not row.methods.isdisjoint(UNSAFE) and not _PUBLIC.search(row.path):
                sentence = f"{keyword.arg}={value} opens {'/'.join(sorted(row.methods))} {row.path} to all."
                yield finding(row.file, row.node, row.owner, _MISSING, sentence)


def _guarded_files(sources: Sources) -> set[str]:
    """Return the files whose routes a hook, a middleware or a setting checks before they are called."""
    found: set[str] = set()
    for file in sources.judged:
        for function, _ in file.functions():
            hooks = " ".join(ast.unparse(decorator) for decorator in function.decorator_list)
            if _GLOBAL.search(hooks) and _has_check(ast.walk(function)):
                found.add(file.path)
        if any(_depends(call, name) for call, name, _ in file.calls()):
            found.add(file.path)
        for node, _ in file.each(ast.Dict):
            if isinstance(node, ast.Dict) and any(map(_is_permission_setting, node.keys)):
                found.update(each.path for each in sources.files)
    return found


def _is_permission_setting(key: ast.expr | None) -> bool:
    """Whether a key of a dictionary of settings gives all views of Django REST framework their permissions."""
    return isinstance(key, ast.Constant) and key.value == "DEFAULT_PERMISSION_CLASSES"


def _depends(call: ast.Call, name: str) -> bool:
    """Whether a call gives all routes of a router or an application a dependency."""
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "dependencies"), None)
    is_router = name.rpartition(".")[2] in {"APIRouter", "FastAPI", "include_router"}
    return is_router and given is not None and "Depends" in ast.unparse(given)


def _checks_of(handler: Handler, dominance: _Dominance) -> str:
    """Return the name of the check that dominates a handler's effects, or `""`."""
    function = handler.function
    for decorator in function.decorator_list:
        name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if _CHECK.search(name) or _GUARD.search(name):
            return name.rpartition(".")[2]
    inherited = _of_class(handler)
    if inherited:
        return inherited
    for default in (*function.args.defaults, *(each for each in function.args.kw_defaults if each is not None)):
        text = ast.unparse(default)
        if re.search(
            r"(Depends|Security)\((\w+\.)*\w*(user|auth|admin|token|perm|role|scope|key|verify|current)", text
        ):
            return text
    return dominance.check(function, handler.file, handler.owner)


def _of_class(handler: Handler) -> str:
    class_ = handler.owner.class_
    if class_ is None:
        return ""
    for base in (*class_.bases, *class_.decorator_list):
        text = ast.unparse(base)
        if re.search(
            r"(?i)(LoginRequired|PermissionRequired|UserPassesTest|Authenticated|Protected|Secure|_required)", text
        ):
            return text
    for statement in class_.body:
        if isinstance(statement, ast.Assign):
            names = {ast.unparse(target) for target in statement.targets}
            if names & {"permission_classes", "decorators", "method_decorators", "authentication_classes"}:
                return "" if "AllowAny" in ast.unparse(statement.value) else ast.unparse(statement.targets[0])
    return ""


class _Dominance:
    """A search for the check that stands before the first effect on every way through a function."""

    def __init__(self, sources: Sources) -> None:
        self._index = functions_by_name(sources)

    def check(self, function: ast.FunctionDef | ast.AsyncFunctionDef, file: SourceFile, owner: SymbolOwner) -> str:
        """Return the check that dominates the effects of a function, or `""`."""
        around = SymbolOwner(f"{owner.symbol}.{function.name}", function, owner.class_)
        return self._first(function.body, file, around, 0) or ""

    def _first(self, body: list[ast.stmt], file: SourceFile, owner: SymbolOwner, depth: int) -> str | None:
        """Return a check that all ways meet; `None` where an effect comes first."""
        for statement in body:
            found = self._in_statement(statement, file, owner, depth)
            if found or found is None:
                return found
        return ""

    def _in_statement(self, statement: ast.stmt, file: SourceFile, owner: SymbolOwner, depth: int) -> str | None:
        if isinstance(statement, ast.If):
            return self._in_branch(statement, file, owner, depth)
        if isinstance(statement, ast.With | ast.AsyncWith | ast.Try):
            return self._first(statement.body, file, owner, depth)
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            return ""
        if isinstance(statement, ast.For | ast.While):
            return None if _affects(statement) else ""
        found = _has_check(ast.walk(statement)) or self._called(statement, file, owner, depth)
        return found or (None if _affects(statement) else "")

    def _called(self, statement: ast.stmt, file: SourceFile, owner: SymbolOwner, depth: int) -> str:
        """Return the check that a function of the project makes which a statement calls, or `""`."""
        for node in ast.walk(statement) if depth < _DEEPEST else ():
            target = self._target(node, file, owner) if isinstance(node, ast.Call) else None
            if target is not None:
                inner_file, function, outer = target
                around = SymbolOwner(f"{outer.symbol}.{function.name}", function, outer.class_)
                found = self._first(function.body, inner_file, around, depth + 1)
                if found:
                    return found
        return ""

    def _target(self, call: ast.Call, file: SourceFile, owner: SymbolOwner) -> Indexed | None:
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "self":
            return self._index.get(f"{owner.symbol.rpartition('.')[0]}.{call.func.attr}")
        name = file.dotted(call.func, owner)
        # A folder that is a package itself has files without its name, which their imports have.
        known = (name, f"{file.name}.{name}", name.partition(".")[2])
        return next((self._index[each] for each in known if each in self._index), None)

    def _in_branch(self, branch: ast.If, file: SourceFile, owner: SymbolOwner, depth: int) -> str | None:
        """Return a check in a condition that ends the function, or on both sides; else `""`, or `None`."""
        asked = _has_check(ast.walk(branch.test)) or self._called(ast.Expr(branch.test), file, owner, depth)
        identity = _IDENTITY.search(ast.unparse(branch.test))
        last = branch.body[-1]
        ends = isinstance(last, ast.Return | ast.Raise) or re.search(r"\babort\(", ast.unparse(last))
        if (asked or identity) and (ends or branch.orelse or _affects(branch)):
            return asked or (identity[0] if identity else "")
        first = self._first(branch.body, file, owner, depth)
        second = self._first(branch.orelse, file, owner, depth)
        if first and second:
            return first
        return None if first is None or second is None else ""


def _has_check(nodes: Iterable[ast.AST]) -> str:
    """Return the name of the first call or attribute that is a check, or `""`."""
    for node in nodes:
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if _CHECK.search(name) or re.search(
                r"(?i)(^|\.)(check|require|ensure)_?(access|auth|permission|login)", name
            ):
                return name
        elif isinstance(node, ast.Name | ast.Attribute):
            text = ast.unparse(node)
            if _CHECK.search(text) and _IDENTITY.search(text + " "):
                return text
    return ""


def _affects(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Call) and _EFFECTS.search(ast.unparse(each.func)) for each in ast.walk(node))


def _has_effect(handler: Handler) -> bool:
    return _affects(handler.function)


def _is_public(handler: Handler) -> bool:
    name = f"{handler.path} {handler.function.name}"
    is_open = _PUBLIC.search(handler.path) is not None or _PUBLIC.search(handler.function.name) is not None
    return is_open and not _ADMINISTRATION.search(name)


def _owners(found: tuple[Handler, ...], naked: list[Handler]) -> Iterator[Fact]:
    """Yield each record that is looked up by a client's key alone, while others are looked up with their owner."""
    bare = {id(each) for each in naked}
    owned = [each for each in found if _lookups(each) and _names_owner(each)]
    alone = [each for each in found if _lookups(each) and not _names_owner(each) and id(each) not in bare]
    for _ in owned:
        yield Safe(639, "record that is looked up with its owner")
    for each in alone:
        if owned:
            lookup = _lookups(each)[0]
            sentence = (
                f"{each.function.name} finds the record by the client's key alone: any caller gets those of others."
            )
            yield finding(each.file, lookup, each.around, _OWNER, sentence)
    if alone and not owned:
        places = tuple(CodePlace(each.file.path, each.function.lineno) for each in alone[:10])
        sentence = f"May every caller see every record? {len(alone)} routes look one up by the client's key alone."
        yield question(sentence, "which records belong to whom", (639, 863, 284), *places)


def _lookups(handler: Handler) -> list[ast.Call]:
    """Return the calls of a handler that look a record up by a parameter of its path."""
    keys = set(re.findall(r"[<{](?:\w+:)?(\w+)(?::\w+)?[>}]", handler.path))
    parameters = {each.arg for each in (*handler.function.args.args, *handler.function.args.kwonlyargs)}
    keys = {key for key in (keys & parameters or parameters & {"pk", "id"}) if words(key) & {"id", "pk", "uuid", "key"}}
    return [
        node
        for node in ast.walk(handler.function)
        if isinstance(node, ast.Call)
        and (_LOOKUPS.search(f".{ast.unparse(node.func)}") or ast.unparse(node.func).endswith("execute"))
        and keys & {each.id for part in _arguments(node) for each in ast.walk(part) if isinstance(each, ast.Name)}
    ]


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _names_owner(handler: Handler) -> bool:
    text = ast.unparse(handler.function)
    is_admin = re.search(r"(?i)admin|staff|superuser|has_perm|permission|role|\bcan\(", text) is not None
    owner = re.search(
        r"(current_user|request\.user|g\.user|self\.user|user)(\.id|\.pk|\b\s*[,)=])|owner|user_id|project_id", text
    )
    return is_admin or (
        owner is not None
        and re.search(r"current_user|request\.user|g\.user|session|jwt|owner|context", text) is not None
    )
