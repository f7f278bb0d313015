"""The texts that expressions of Python source can stand for, read from its syntax tree; nothing is run.

Strings are followed through assignments, f-strings, loops over literals, parameters and calls of local functions. Order
is not looked at: a name stands for every text that it gets anywhere in its scope, and for `*` where none can be told.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice, product

from diagnostics.python_bindings import MAX_TEXTS, Bindings, Place, Texts
from diagnostics.python_scopes import Function, Scope
from diagnostics.python_syntax import arguments_of, called_name, holder_of
from diagnostics.table_use import PLACEHOLDER

MAX_LENGTH = 100_000
_MAX_CALLS = 6
_UNKNOWN = frozenset((PLACEHOLDER,))
_FIELD = re.compile(r"\{([^{}]*)\}|%\(?(\w*)\)?s")
_UNCHANGED = frozenset(("strip", "lower", "upper", "rstrip", "lstrip", "dedent", "str", "cleandoc", "fspath", "Path"))
_GETTERS = frozenset(("get", "getArgument", "getenv"))
_HOLDERS = frozenset(("widgets", "conf", "environ", "params", "parameters", "os", "options", "config", ""))
"""What parameters are got from; nothing stands before `getArgument(…)`."""


class TextReader:
    """Reads the texts of expressions of one program.

    Args:
        scopes: the code that can run.
        values: what is known of parameters: widgets, job parameters, pipeline configuration.
        arguments: arguments of the command line.
    """

    def __init__(self, scopes: Sequence[Scope], values: Mapping[str, str], arguments: Sequence[str]) -> None:
        self._arguments = arguments
        self._own: dict[Place, Texts] = {}
        """Parameters of the function calls that are being evaluated."""
        self._calls = 0
        self._readers: dict[type[ast.expr], Callable[..., Texts]] = {
            ast.Constant: lambda node, _: frozenset((str(node.value)[:MAX_LENGTH],)),
            ast.Name: lambda node, scope: self._named(node.id, scope),
            ast.Attribute: lambda node, scope: self._named(node.attr, scope),
            ast.FormattedValue: lambda node, scope: self.of(node.value, scope),
            ast.JoinedStr: lambda node, scope: _combined([self.of(part, scope) for part in node.values]),
            ast.BinOp: self._operated,
            ast.IfExp: lambda node, scope: self._either((node.body, node.orelse), scope),
            ast.BoolOp: lambda node, scope: self._either(node.values, scope),
            ast.Subscript: lambda node, scope: self._item(node.value, node.slice, scope),
            ast.Call: self._called,
        }
        self._names = Bindings(scopes, values, arguments, self.of)
        self._names.learn(scopes)

    def of(self, node: ast.expr | None, scope: str) -> Texts:
        """Return every text that the expression can stand for; unknown parts are the placeholder."""
        reader = self._readers.get(type(node)) if node is not None else None
        return reader(node, scope) if reader is not None else _UNKNOWN

    def _named(self, name: str, scope: str) -> Texts:
        for place in self._names.places(name, scope):
            found = self._own.get(place) or self._names.texts(place)
            if found:
                return found
        # A name that was never understood but is called like a parameter most likely holds its value.
        return frozenset((self._names.values.get(name) or PLACEHOLDER,))

    def _either(self, nodes: Sequence[ast.expr], scope: str) -> Texts:
        return frozenset[str]().union(*(self.of(node, scope) for node in nodes)) - _UNKNOWN or _UNKNOWN

    def _operated(self, node: ast.BinOp, scope: str) -> Texts:
        left = self.of(node.left, scope)
        if isinstance(node.op, ast.Mod):
            values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            return self._filled(left, values, {}, scope)
        if isinstance(node.op, ast.Add | ast.Div):
            between = "/" if isinstance(node.op, ast.Div) else ""
            return _combined([left, frozenset((between,)), self.of(node.right, scope)])
        return _UNKNOWN

    def _filled(self, templates: Texts, values: Sequence[ast.expr], named: Mapping[str, ast.expr], scope: str) -> Texts:
        """Fill `{}`, `{name}`, `%s` and `%(name)s`."""
        found: set[str] = set()
        for template in templates:
            left = iter(values)
            parts: list[Texts] = []
            end = 0
            for match in _FIELD.finditer(template):
                name = (match[1] or match[2] or "").partition("!")[0].partition(":")[0]
                value = next(left, None) if not name else named.get(name)
                if name.isdigit() and int(name) < len(values):
                    value = values[int(name)]
                parts += [frozenset((template[end : match.start()],)), self.of(value, scope)]
                end = match.end()
            found |= _combined([*parts, frozenset((template[end:],))])
        return frozenset(islice(sorted(found), MAX_TEXTS))

    def _item(self, holder: ast.expr, key: ast.expr, scope: str) -> Texts:
        """Read `TABLES["orders"]`, `args["catalog"]` and `sys.argv[1]`."""
        wanted = self.of(key, scope)
        if isinstance(holder, ast.Attribute) and holder.attr == "argv":
            numbers = [int(one) - 1 for one in wanted if one.isdigit()]
            return frozenset(self._arguments[at] for at in numbers if 0 <= at < len(self._arguments)) or _UNKNOWN
        pairs = self._names.entries(holder, scope)
        chosen = [value for one, value in pairs if self.of(one, scope) & wanted] or [value for _, value in pairs]
        known = (self._names.values.get(one) for one in wanted)
        return self._either(chosen, scope) if chosen else frozenset(filter(None, known)) or _UNKNOWN

    def _called(self, node: ast.Call, scope: str) -> Texts:
        name = called_name(node)
        if name in _GETTERS:
            return self._gotten(node, scope)
        if name in self._names.functions:
            return self._returned(node, self._names.functions[name], scope)
        method = node.func if isinstance(node.func, ast.Attribute) else None
        if name in _UNCHANGED:
            return self.of(node.args[0] if node.args else method and method.value, scope)
        return self._formed(node, method.value, name, scope) if method is not None else _UNKNOWN

    def _formed(self, node: ast.Call, holder: ast.expr, name: str, scope: str) -> Texts:
        if name == "format":
            named = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
            return self._filled(self.of(holder, scope), node.args, named, scope)
        if name == "join" and node.args:
            return self._joined(node, holder, scope)
        if name == "replace" and len(node.args) > 1:
            parts = (self.of(part, scope) for part in (holder, node.args[0], node.args[1]))
            found = (text.replace(old, new) if old else text for text, old, new in islice(product(*parts), MAX_TEXTS))
            return frozenset(text[:MAX_LENGTH] for text in found)
        return _UNKNOWN

    def _gotten(self, node: ast.Call, scope: str) -> Texts:
        """Read a widget, a setting, an environment variable or an entry of a dict; its default if nothing is known."""
        holder = node.func.value if isinstance(node.func, ast.Attribute) else None
        if not node.args:
            return _UNKNOWN
        if holder is not None and self._names.entries(holder, scope):
            return self._item(holder, node.args[0], scope)
        if holder_of(node) not in _HOLDERS:
            return _UNKNOWN
        known = (self._names.values.get(name) for name in self.of(node.args[0], scope))
        default = self.of(node.args[1], scope) if len(node.args) > 1 else _UNKNOWN
        return frozenset(filter(None, known)) or default

    def _joined(self, node: ast.Call, separator: ast.expr, scope: str) -> Texts:
        """Read `".".join([catalog, schema, name])` and `os.path.join(folder, name)`."""
        is_path = len(node.args) > 1
        items = list(node.args) if is_path else self._names.items(node.args[0], scope)
        sign = frozenset(("/",)) if is_path else self.of(separator, scope)
        parts = [part for item in items for part in (sign, self.of(item, scope))][1:]
        return _combined(parts) if parts else _UNKNOWN

    def _returned(self, call: ast.Call, function: Function, scope: str) -> Texts:
        """Return what a local function returns for the arguments of this call."""
        if self._calls >= _MAX_CALLS:
            return _UNKNOWN
        given = {(function.name, name): self.of(value, scope) for name, value in arguments_of(call, function)}
        before, self._own = self._own, {**self._own, **given}
        self._calls += 1
        try:
            returns = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
            return frozenset(islice(sorted(self._either(returns, function.name)), MAX_TEXTS))
        finally:
            self._own = before
            self._calls -= 1


def _combined(parts: Sequence[Texts]) -> Texts:
    found = list(islice(product(*parts), MAX_TEXTS + 1))
    if len(found) > MAX_TEXTS:
        found = list(product(*(part if len(part) == 1 else _UNKNOWN for part in parts)))
    return frozenset("".join(texts)[:MAX_LENGTH] for texts in found)
