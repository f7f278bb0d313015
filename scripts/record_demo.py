"""Run the demo and put what it printed, condensed, into the README's first screen.

Condensed means: times, addresses of runs, figures and temporary paths are left out, no line is changed otherwise.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- recorded by scripts/record_demo.py: begin -->", "<!-- recorded by scripts/record_demo.py: end -->"
MAX_WIDTH = 118

_TIME = re.compile(r"^\d\d:\d\d:\d\d ")
_PLACE = re.compile(r"/\S*bundleops-demo-[^/\s]+/")
_RUN = re.compile(r": https?://\S+$")
_LEFT_OUT = ("operation ", "workspace ", "report:", "valid:")
_KEPT_INDENTED = re.compile(r"^ {4}(?:[+-](?![+-])|\| \[?\w*\.?\w*\.?\w*\.?\w*\.?\w*:? ?\[[A-Z_]+\])|^ {2}\d\. ")


def condensed(output: str) -> list[str]:
    """Return the lines of the operation that tell the story."""
    story = output.split("3. bundleops operate", 1)[1].split("4. The report", 1)[0].splitlines()[1:]
    lines = []
    for raw in story:
        line = _RUN.sub("", _PLACE.sub("", _TIME.sub("", raw))).rstrip()
        if not line or (line.startswith("  ") and not _KEPT_INDENTED.match(line)):
            continue
        if line.startswith(_LEFT_OUT) or line.endswith(" started") or " ended: success " in line:
            continue
        lines.append(line if len(line) <= MAX_WIDTH else f"{line[: MAX_WIDTH - 2]} …")
    return lines


def main() -> int:
    """Record the demo into the README; the demo's exit code is ours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, help="condense this output instead of running the demo")
    source = parser.parse_args().source
    if source:
        output = source.read_text(encoding="utf-8")
    else:
        command = [sys.executable, str(ROOT / "scripts" / "demo.py")]
        done = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE)
        if done.returncode:
            print(f"The demo failed with exit code {done.returncode}; the README stays as it is.", file=sys.stderr)
            return done.returncode
        output = done.stdout
    block = "\n".join(["```console", "$ bundleops operate flights", *condensed(output), "```"])
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}\n{block}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
