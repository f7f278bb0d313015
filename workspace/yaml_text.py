"""Reads YAML that may hold anything. What cannot be read here is left to `bundle validate`, which names the place."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML


def read_yaml(text: str) -> Any:
    """Return YAML as plain data; None for what cannot be read."""
    return _read(YAML(typ="safe", pure=True), text)


def read_for_editing(text: str) -> tuple[Any, YAML]:
    """Return YAML with its comments and layout, and what writes it again; None as data for what cannot be read."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    return _read(yaml, text), yaml


def _read(yaml: YAML, text: str) -> Any:
    try:
        return yaml.load(text)
    except Exception:  # noqa: BLE001 - besides its own errors ruamel raises whatever a value does: dates, huge numbers, depth
        return None
