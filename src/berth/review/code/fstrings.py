"""Python of newer branches, rewritten for the `ast` of an older host: PEP 695, 701, 750 and 758.

`f"a{x!r:>{w}}"` becomes `__fstring__("a", (x, "r", __fstring__(">", (w, "", ""))))`; `restore` turns such calls back
into `ast.JoinedStr`. Every line keeps its number.
"""

import ast
import re

CALL = "__fstring__"
_QUOTE = re.compile(r"(?i)(?<!\w)([rbuft]{0,2})(\"\"\"|'''|\"|')")
_SPACE = re.compile(r"(?:[ \t\f]|\\\r?\n)*")
_SPACE_IN_BRACKETS = re.compile(r"(?:[ \t\f\r\n]|\\\r?\n|#[^\n]*)*")
_CODE = re.compile(r"[^#\"'()\[\]{}\n\w!:=]+|\w+|!=|[=!<>:]=|.", re.DOTALL)
_GENERIC = re.compile(r"^[ \t]*(?:(?:async[ \t]+)?def|class|type)[ \t]+\w+[ \t]*(?=\[)", re.MULTILINE)
_ALIAS = re.compile(r"^([ \t]*)type[ \t]+(\w+[ \t]*=)(?!=)", re.MULTILINE)
_EXCEPT = re.compile(r"^([ \t]*except\*?[ \t]+)([\w.]+(?:[ \t]*,[ \t]*[\w.]+)+)[ \t]*:", re.MULTILINE)
DEEPEST = 50


def rewrite(source: str) -> str:
    """Return the source with f-strings as calls and without type parameters; raises SyntaxError if it cannot."""
    source = _ALIAS.sub(r"\1\2", _without_parameters(source))
    source = _EXCEPT.sub(r"\1(\2):", source)
    return _Scanner(source).code(0, "")[0]


def _without_parameters(source: str) -> str:
    for found in reversed(list(_GENERIC.finditer(source))):
        end = _closing(source, found.end())
        source = source[: found.end()] + source[end:] if end else source
    return source


def _closing(source: str, start: int) -> int:
    depth = 0
    for at in range(start, min(len(source), start + 2000)):
        depth += {"[": 1, "]": -1}.get(source[at], 0)
        if depth == 0:
            return at + 1
    return 0


class _Scanner:
    """A scanner of quotes and braces; every method returns rewritten text and the position after what it read."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.nested = 0

    def code(self, at: int, ends: str) -> tuple[str, int]:
        """Read code up to a character of `ends` outside all brackets, or to the end of the source."""
        out: list[str] = []
        depth = 0
        while at < len(self.source):
            quote = _QUOTE.match(self.source, at)
            if quote:
                text, at = self.strings(at, inside=depth > 0 or bool(ends))
                out.append(text)
                continue
            if self.source[at] == "#":
                end = self.source.find("\n", at)
                at = len(self.source) if end < 0 else end
                continue
            piece = _CODE.match(self.source, at)
            word = piece[0] if piece else self.source[at]
            if depth == 0 and word in ends and (word != "=" or self._debug(at)):
                return "".join(out), at
            depth += (word in "([{") - (word in ")]}")
            out.append(word)
            at += len(word)
        return "".join(out), at

    def _debug(self, at: int) -> bool:
        return re.match(r"=\s*[!:}]", self.source[at : at + 50]) is not None

    def strings(self, at: int, inside: bool) -> tuple[str, int]:
        """Read the string literals that stand one after the other, which are one value."""
        start = at
        parts: list[str] = []
        formatted = False
        while quote := _QUOTE.match(self.source, at):
            is_formatted = bool(set(quote[1].lower()) & {"f", "t"})
            formatted = formatted or is_formatted
            text, at = self.formatted(quote) if is_formatted else self.literal(quote)
            parts.append(text)
            space = (_SPACE_IN_BRACKETS if inside else _SPACE).match(self.source, at)
            after = space.end() if space else at
            if not _QUOTE.match(self.source, after):
                break
            parts.append("\n" * self.source.count("\n", at, after))
            at = after
        if not formatted:
            return self.source[start:at], at
        return f"{CALL}({''.join(parts)})", at

    def literal(self, quote: re.Match[str]) -> tuple[str, int]:
        """Read a string literal without fields."""
        at = quote.end()
        while not self.source.startswith(quote[2], at):
            if at >= len(self.source) or (self.source[at] == "\n" and len(quote[2]) == 1):
                raise SyntaxError("a string literal does not end")
            at += 2 if self.source[at] == "\\" else 1
        end = at + len(quote[2])
        return self.source[quote.start() : end] + ",", end

    def formatted(self, quote: re.Match[str]) -> tuple[str, int]:
        """Read an f-string, and return its parts, separated by commas."""
        self.nested += 1
        if self.nested > DEEPEST:
            raise SyntaxError("f-strings are nested too deeply")
        text, at = self.parts(quote.end(), quote[2], raw="r" in quote[1].lower(), quote=quote[2])
        self.nested -= 1
        return text, at + len(quote[2])

    def parts(self, at: int, end: str, raw: bool, quote: str) -> tuple[str, int]:
        """Read text and fields up to `end`: the quote, or the brace after a format specification."""
        out: list[str] = []
        text = ""
        while not self.source.startswith(end, at):
            if at >= len(self.source) or (self.source[at] == "\n" and len(quote) == 1 and end != "}"):
                raise SyntaxError("an f-string does not end")
            two = self.source[at : at + 2]
            if two in ("{{", "}}") and end != "}":
                text, at = text + two[0], at + 2
            elif two[0] == "{":
                field, at = self.field(at + 1, raw, quote)
                out += [_quoted(text, raw), field]
                text = ""
            elif two == "\\N" and not raw and self.source.startswith("{", at + 2):
                close = self.source.find("}", at) + 1
                text, at = text + self.source[at:close], max(close, at + 2)
            else:
                size = 2 if two[0] == "\\" and not (raw and two[1:] == "{") and two != "\\{" else 1
                text, at = text + self.source[at : at + size], at + size
        return "".join((*out, _quoted(text, raw))), at

    def field(self, at: int, raw: bool, quote: str) -> tuple[str, int]:
        """Read a replacement field after its opening brace."""
        start = at
        value, at = self.code(at, "!:=}")
        before = conversion = ""
        if self.source.startswith("=", at):
            end = re.compile(r"=\s*").match(self.source, at)
            at = end.end() if end else at + 1
            before, conversion = f"{self.source[start:at]!r},", "r"
        if self.source.startswith("!", at):
            conversion = self.source[at + 1 : at + 2]
            at += 2
        spec = ""
        if self.source.startswith(":", at):
            spec, at = self.parts(at + 1, "}", raw, quote)
            spec = f"{CALL}({spec})"
        if not self.source.startswith("}", at):
            raise SyntaxError("a field of an f-string does not end")
        return f"{before}(({value}), {conversion!r}, {spec or repr('')}),", at + 1


def _quoted(text: str, raw: bool) -> str:
    """Quote a literal part, followed by as many line ends as it has, so that lines keep their numbers."""
    if not text:
        return ""
    lines = "\n" * text.count("\n")
    if not raw and "\\" in text:
        safe = re.sub(r'(?<!\\)"', r"\"", text)
        return f'"""{safe}""",'
    return f"{text!r},{lines}"


class _Restorer(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.func, ast.Name) or node.func.id != CALL:
            return node
        values = [self._value(each) for each in node.args]
        return ast.copy_location(ast.JoinedStr(values=values), node)

    @staticmethod
    def _value(node: ast.expr) -> ast.expr:
        if not isinstance(node, ast.Tuple):
            return node
        value, conversion, specification = node.elts
        kind = str(conversion.value) if isinstance(conversion, ast.Constant) else ""
        spec = specification if isinstance(specification, ast.JoinedStr) else None
        field = ast.FormattedValue(
            value=value,
            conversion=ord(kind) if kind else -1,
            format_spec=spec if isinstance(spec, ast.JoinedStr) else None,
        )
        return ast.copy_location(field, node)


def restore(tree: ast.Module) -> ast.Module:
    """Turn the calls that `rewrite` wrote back into f-strings."""
    restored = _Restorer().visit(tree)
    assert isinstance(restored, ast.Module)
    return restored
