"""What names of Python source are bound to: by assignments, loops, parameters of functions, options and widgets."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, pairwise

from diagnostics.python_scopes import MODULE, Function, Scope
from diagnostics.python_syntax import Pair, arguments_of, called_name, holder_of, pairs_of, targets_of
from diagnostics.table_use import PLACEHOLDER

MAX_TEXTS = 64
"""Combinations that one expression may stand for; with more it is unknown."""

MAX_ROUNDS = 6
"""So many names may be built from one another."""

Texts = frozenset[str]
Place = tuple[str, str]
"""Scope and name."""


class Bindings:
    """Names of one program, each with the texts, lists and dicts that it stands for in its scope.

    Args:
        scopes: the code that can run.
        values: what is known of parameters.
        arguments: arguments of the command line.
        texts_of: reads the texts of an expression within a scope.
    """

    def __init__(
        self,
        scopes: Sequence[Scope],
        values: Mapping[str, str],
        arguments: Sequence[str],
        texts_of: Callable[[ast.expr | None, str], Texts],
    ) -> None:
        self.values = dict(values)
        self.functions: dict[str, Function] = {one.name: one.function for one in scopes if one.function is not None}
        self._arguments = arguments
        self._texts_of = texts_of
        self._outer = {one.name: one.outer for one in scopes}
        self._items: dict[Place, list[ast.expr]] = {}
        self._pairs: dict[Place, list[Pair]] = {}
        self._bound: dict[Place, set[str]] = {}
        self._learned: dict[Place, set[str]] = {}
        """What the present round binds; texts are read as the round before has left them."""

    def learn(self, scopes: Sequence[Scope]) -> None:
        """Read all bindings, again and again until nothing is new: a name may be used above its assignment."""
        for _ in range(MAX_ROUNDS):
            before, self._learned = self._bound, {}
            for scope in scopes:
                self._defaults_of_parameters(scope)
                for node in scope.nodes:
                    self._learn(node, scope.name)
            self._bound = self._learned
            if self._bound == before:
                return

    def places(self, name: str, scope: str) -> Iterator[Place]:
        """Yield where a name may be bound, from the inside out."""
        seen: set[str] = set()
        while scope != MODULE and scope not in seen:
            seen.add(scope)
            yield scope, name
            scope = self._outer.get(scope, MODULE)
        yield MODULE, name

    def texts(self, place: Place) -> Texts:
        """Return the texts that a name has in this scope itself."""
        return frozenset(self._bound.get(place, ()))

    def items(self, node: ast.expr, scope: str) -> list[ast.expr]:
        """Return the items of a literal list, or of a name that stands for one; of a dict its keys."""
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return node.elts
        places = self.places(_name(node), scope)
        return next((self._items[place] for place in places if place in self._items), [])

    def entries(self, node: ast.expr, scope: str) -> list[Pair]:
        """Return the entries of a literal dict, or of a name that stands for one."""
        if isinstance(node, ast.Dict):
            return pairs_of(node)
        places = self.places(_name(node), scope)
        return next((self._pairs[place] for place in places if place in self._pairs), [])

    def _defaults_of_parameters(self, scope: Scope) -> None:
        if scope.function is None:
            return
        arguments = scope.function.args
        placed = [*arguments.posonlyargs, *arguments.args]
        for parameter, value in zip(placed[len(placed) - len(arguments.defaults) :], arguments.defaults, strict=True):
            self._assign(parameter.arg, value, scope.name, scope.outer)
        for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if default is not None:
                self._assign(parameter.arg, default, scope.name, scope.outer)

    def _learn(self, node: ast.AST, scope: str) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign_all(target, node.value, scope)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            self._assign_all(node.target, node.value, scope)
        elif isinstance(node, ast.For | ast.comprehension):
            for item in self._looped(node.iter, scope):
                self._assign_all(node.target, item, scope)
        elif isinstance(node, ast.Call):
            self._learn_call(node, scope)

    def _assign_all(self, target: ast.expr, value: ast.expr, scope: str) -> None:
        for name, part in targets_of(target, value):
            self._assign(name, part, scope, scope)

    def _assign(self, name: str, value: ast.expr, scope: str, seen_from: str) -> None:
        place = (scope, name)
        if isinstance(value, ast.List | ast.Tuple | ast.Set):
            self._items[place] = value.elts
        elif isinstance(value, ast.Dict):
            self._pairs[place] = pairs_of(value)
            self._items[place] = [key for key, _ in self._pairs[place]]
        # A name that is built from itself would grow without end.
        elif scope != seen_from or not any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(value)):
            found = islice(sorted(self._texts_of(value, seen_from)), MAX_TEXTS)
            self._learned.setdefault(place, set()).update(one for one in found if one != PLACEHOLDER)

    def _looped(self, source: ast.expr, scope: str) -> list[ast.expr]:
        """Return what a loop goes over; of `.items()` the pairs."""
        method = source.func if isinstance(source, ast.Call) and isinstance(source.func, ast.Attribute) else None
        if method is None:
            return self.items(source, scope)
        if method.attr not in {"items", "values"}:
            return self.items(method.value, scope)
        pairs = self.entries(method.value, scope)
        return [value if method.attr == "values" else ast.Tuple([key, value], ast.Load()) for key, value in pairs]

    def _learn_call(self, node: ast.Call, scope: str) -> None:
        name = called_name(node)
        function = self.functions.get(name)
        if function is not None:
            for parameter, value in arguments_of(node, function):
                self._assign(parameter, value, function.name, scope)
        elif name == "add_argument":
            self._option(node, scope)
        elif name in {"text", "dropdown", "combobox"} and holder_of(node) == "widgets" and len(node.args) > 1:
            default = next(iter(sorted(self._texts_of(node.args[1], scope) - {PLACEHOLDER, ""})), None)
            for widget in self._texts_of(node.args[0], scope) if default else ():
                self.values.setdefault(widget, default or "")

    def _option(self, node: ast.Call, scope: str) -> None:
        """Bind an option of argparse to the argument that is given, else to its default."""
        default = next((keyword.value for keyword in node.keywords if keyword.arg == "default"), None)
        for flag in (flag for one in node.args for flag in self._texts_of(one, scope)):
            given = {after for before, after in pairwise(self._arguments) if before == flag}
            given |= {one.partition("=")[2] for one in self._arguments if one.startswith(f"{flag}=")}
            known = given or (self._texts_of(default, scope) - {PLACEHOLDER} if default is not None else set[str]())
            self._learned.setdefault((MODULE, flag.lstrip("-").replace("-", "_")), set()).update(known)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
