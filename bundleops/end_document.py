"""The end of an operation as one JSON document on stdout, also when it ended before it began."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bundleops.options import Output
from workspace.errors import OperatorError


class EndDocument:
    """Prints the document once, and only where JSON is wanted.

    Args:
        output: form of the output.
        operation: id of the operation, if it exists already.
        target: target of the bundle, if it is known already.
    """

    def __init__(self, output: Output, operation: str | None = None, target: str | None = None) -> None:
        self.operation, self.target = operation, target
        self.output = output
        self._wanted = output is Output.JSON

    def show(self, end: Mapping[str, Any]) -> None:
        """Print the end: verdict, exit code, reason, and the paths of patch and report if there are any."""
        if self._wanted:
            paths = {"patch": None, "report": None}
            print(json.dumps({"operation": self.operation, "target": self.target, **paths, **end}))
        self._wanted = False

    @contextmanager
    def tells_errors(self) -> Iterator[None]:
        """Let an expected error or an interrupt be told by the document too; both go on upwards."""
        try:
            yield
        except OperatorError as error:
            self.show({"verdict": "failed", "exit_code": error.exit_code, "reason": str(error)})
            raise
        except KeyboardInterrupt:
            self.show({"verdict": "interrupted", "exit_code": 130, "reason": "interrupted"})
            raise
