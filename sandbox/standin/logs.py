"""The structured log, steered by DATABRICKS_LOG_LEVEL, DATABRICKS_LOG_FORMAT and DATABRICKS_LOG_FILE."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TextIO

Level = Literal["DEBUG", "INFO", "WARN", "ERROR"]
_ORDER = {"TRACE": 0, "DEBUG": 1, "INFO": 2, "WARN": 3, "ERROR": 4, "DISABLED": 5}


class Log:
    """Writes lines of at least the level that is asked for; warnings and errors unless told otherwise."""

    def __init__(self, env: Mapping[str, str], cwd: Path, err: TextIO, *, debug: bool = False) -> None:
        asked = "DEBUG" if debug else env.get("DATABRICKS_LOG_LEVEL", "WARN").upper()
        self._lowest = _ORDER.get(asked, _ORDER["WARN"])
        self._json = env.get("DATABRICKS_LOG_FORMAT", "").lower() == "json"
        name = env.get("DATABRICKS_LOG_FILE") or "stderr"
        self._file = None if name == "stderr" else cwd / name
        self._err = err

    def write(self, level: Level, message: str) -> None:
        """Write one line."""
        if _ORDER[level] < self._lowest:
            return
        line = self._line(level, message)
        if self._file is None:
            print(line, file=self._err, flush=True)
        else:
            with self._file.open("a", encoding="utf-8") as file:
                print(line, file=file)

    def _line(self, level: Level, message: str) -> str:
        if not self._json:
            return f"{level.title()}: {message}"
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return json.dumps({"time": now, "level": level, "msg": message, "pid": os.getpid()}, ensure_ascii=False)
