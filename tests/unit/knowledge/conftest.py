"""Pages written to a temporary folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

PAGE = """---
code: {code}
category: sql
match: '{match}'
fix_kind: fix_sql
{extra}---
# A statement is wrong.

## What it means

It is wrong.

## Why it happens

Somebody wrote it.
It was late.

## Fix

Write it again.

## When not to

Never.

## References

None.

## Samples

```match source="composed: for a test"
{sample}
```
"""

WritePage = Callable[..., Path]


@pytest.fixture
def write_page(tmp_path: Path) -> WritePage:
    """Write one page and return the folder with all pages."""

    def write(code: str, *, match: str = "wrong", extra: str = "", sample: str = "wrong", name: str = "") -> Path:
        folder = tmp_path / "sql"
        folder.mkdir(exist_ok=True)
        page = PAGE.format(code=code, match=match, extra=extra, sample=sample)
        (folder / f"{name or code}.md").write_text(page, encoding="utf-8")
        return tmp_path

    return write
