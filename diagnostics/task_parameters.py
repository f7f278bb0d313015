"""Turn command-line flags of a task into the named values that a notebook reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from diagnostics.bundle_yaml import Span, entry, quoted, span_of


def named_values(flags: Sequence[str], source: str = "") -> Mapping[str, str] | None:
    """Return the values by name, or None when a flag has no name or is repeated.

    Args:
        flags: `--name value` in one or two items, `--name=value` or `name=value`.
        source: text of the notebook; where it writes a name with underscores, that form is taken.
    """
    values: dict[str, str] = {}
    rest = list(flags)
    while rest:
        flag = rest.pop(0).strip()
        name, separator, given = flag.lstrip("-").partition("=")
        if not separator:
            name, separator, given = flag.lstrip("-").partition(" ")
        if not flag.startswith("--") and "=" not in flag:
            return None
        if not separator:
            given = rest.pop(0) if rest and not rest[0].startswith("--") else "true"
        name = _as_read(name.strip(), source)
        if not name or name in values:
            return None
        values[name] = given.strip()
    return values


def _as_read(name: str, source: str) -> str:
    spelled = name.replace("-", "_")
    return spelled if spelled in source and name not in source else name


def base_parameters_span(task_type: Node, source: str, key: str = "parameters") -> Span | None:
    """Return the edit that writes a task's `parameters` as `base_parameters`; None when they cannot be understood."""
    found = entry(task_type, key)
    if found is None:
        return None
    key_node, value_node = found
    if isinstance(value_node, MappingNode):
        renamed = Span(start=key_node.start_mark.index, end=key_node.end_mark.index, new="base_parameters")
        return renamed if key == "parameters" else None
    flags = _flags(value_node)
    values = None if flags is None else named_values(flags, source)
    if values is None:
        return None
    in_flow = isinstance(task_type, MappingNode) and bool(task_type.flow_style)
    new = _mapping_text(values, key_node.start_mark.column, in_flow=in_flow)
    return Span(start=key_node.start_mark.index, end=span_of(value_node)[1], new=new)


def _flags(node: Node) -> list[str] | None:
    if not isinstance(node, SequenceNode) or not all(isinstance(item, ScalarNode) for item in node.value):
        return None
    return [str(item.value) for item in node.value]


def _mapping_text(values: Mapping[str, str], column: int, *, in_flow: bool) -> str:
    if in_flow or not values:
        inner = ", ".join(f"{quoted(name)}: {_in_flow(text)}" for name, text in values.items())
        return f"base_parameters: {{{inner}}}"
    indent = " " * (column + 2)
    return "\n".join(["base_parameters:", *(f"{indent}{quoted(n)}: {quoted(text)}" for n, text in values.items())])


def _in_flow(text: str) -> str:
    """Quote what flow style would read as structure, such as the braces of `${var.catalog}`."""
    plain = quoted(text)
    return f'"{plain}"' if "{" in plain and not plain.startswith('"') else plain
