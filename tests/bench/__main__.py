"""`make bench`: measures what the product promises, each figure as a ratio of two measurements of the same run.

Every module of tests/bench/measures is one measure: it has a TITLE and a function `lines` that yields what to print.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import time
from types import ModuleType

from tests.bench import measures


def found() -> dict[str, ModuleType]:
    """Return the measures by name."""
    names = sorted(one.name for one in pkgutil.iter_modules(measures.__path__))
    return {name: importlib.import_module(f"{measures.__name__}.{name}") for name in names}


def main() -> None:
    """Run all measures, or those that are named."""
    known = found()
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("measure", nargs="*", choices=[*known, []], help="which to run; all without a name")
    for name in parser.parse_args().measure or known:
        module, begun = known[name], time.monotonic()
        print(f"\n{name}: {module.TITLE}", flush=True)
        for line in module.lines():
            print(f"  {line}", flush=True)
        print(f"  (measured in {time.monotonic() - begun:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
