"""An edit of YAML text, together with what it means for the data; only a proven edit is proposed.

The spans say what is replaced in the text. Path and change say, independent of that, what the data is afterwards. The
new text is read again: its data must be the old data with exactly these changes, and every comment must still be there.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from diagnostics.models import FileEdit
from diagnostics.yaml_data import Data, Scalar, comments, load, same
from workspace.models import Model

Path = tuple[str | int, ...]
"""Keys and positions from the root of a document to a mapping or list."""


class Span(Model):
    """Replace `text[start:end]` by `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True)
class Change:
    """What happens to one mapping or list."""

    spans: tuple[Span, ...]
    paths: tuple[Path, ...]
    """Every place at which the data changes; several when the place is shared through an alias."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Keys of the mapping, old to new; they keep their place."""
    replaced: Mapping[str, Data] = field(default_factory=dict)
    """Values of keys that are there, after renaming."""
    added: Mapping[str, Data] = field(default_factory=dict)
    """Values of keys that are not there, or that are null."""
    appended: tuple[Data, ...] = ()
    """New last items of the list."""


def proven_edit(path: str, text: str, changes: Sequence[Change]) -> FileEdit | None:
    """Return the edit that all changes make together; None when it would change anything else, or nothing."""
    after = _with_spans(text, {span for change in changes for span in change.spans})
    if after is None or after == text:
        return None
    old, new = load(text), load(after)
    if old is None or new is None:
        return None
    for change in changes:
        for place in change.paths:
            if not _apply(change, _at(old, place)):
                return None
    if not same(old, new) or comments(text) != comments(after):
        return None
    return FileEdit(path=path, before=text, after=after)


def _with_spans(text: str, spans: set[Span]) -> str | None:
    """Replace all spans. A node shared through an alias is met once for each use, but stands in the text once."""
    ordered = sorted(spans, key=lambda span: (span.start, span.end))
    if any(one.start > one.end for one in ordered) or any(one.end > two.start for one, two in pairwise(ordered)):
        return None
    for span in reversed(ordered):
        text = text[: span.start] + span.new + text[span.end :]
    return text


def _at(data: Data, path: Path) -> Data | None:
    """Return the mapping or list at this path. Texts end it: `"abc"[0]` is no place."""
    found: Data | None = data
    for step in path:
        if isinstance(found, dict) and isinstance(step, str):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return None
    return found


def _apply(change: Change, place: Data | None) -> bool:
    """Change the data in place; False when it is not as the change expects it."""
    if isinstance(place, list):
        place.extend(copy.deepcopy(item) for item in change.appended)
        return not (change.renamed or change.replaced or change.added)
    if not isinstance(place, dict) or change.appended:
        return False
    if any(old not in place or new in place for old, new in change.renamed.items()):
        return False
    entries = {change.renamed.get(key, key): value for key, value in place.items()}
    if any(key not in entries for key in change.replaced) or any(not _is_free(entries, key) for key in change.added):
        return False
    place.clear()
    place.update(copy.deepcopy({**entries, **change.replaced, **change.added}))
    return True


def _is_free(entries: Mapping[str, Data], key: str) -> bool:
    value = entries.get(key)
    return value is None or (isinstance(value, Scalar) and value.is_null)
