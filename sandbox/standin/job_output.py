"""What a finished run of a job put out, task by task."""

from __future__ import annotations

import json
from typing import Any

from sandbox.standin.bundle import Call
from sandbox.standin.http import Client
from sandbox.standin.output import as_json

_TRUNCATED = "\n[truncated...]\n"


def show_outputs(call: Call, client: Client, run: dict[str, Any]) -> None:
    """Write the output of every task that has one to stdout."""
    outputs = []
    for task in run.get("tasks") or []:
        output = _kept(client.get("/api/2.2/jobs/runs/get-output", {"run_id": task["run_id"]}))
        if output is not None:
            outputs.append({"TaskKey": task["task_key"], "Output": output, "EndTime": task.get("end_time") or 0})
    if call.options.output == "json":
        call.out.write(as_json({"task_outputs": outputs}))
    elif len(outputs) == 1:
        call.out.write(_text(outputs[0]["Output"]))
    elif outputs:
        ordered = sorted(outputs, key=lambda item: int(item["EndTime"]))
        blocks = (f"=======\nTask {item['TaskKey']}:\n{_text(item['Output'])}\n" for item in ordered)
        call.out.write("Output:\n" + "".join(blocks))


def _kept(output: dict[str, Any]) -> dict[str, Any] | None:
    """Return what is shown of a task's output: a notebook that returned nothing shows its logs."""
    logs = {"logs": output.get("logs") or "", "logs_truncated": bool(output.get("logs_truncated"))}
    notebook = output.get("notebook_output")
    if notebook is not None:
        kept = {name: notebook[name] for name in ("result", "truncated") if notebook.get(name)}
        return logs if logs["logs"] and not kept else kept
    for kind in ("dbt_output", "sql_output"):
        if output.get(kind) is not None:
            found: dict[str, Any] = output[kind]
            return found
    return logs if logs["logs"] else None


def _text(output: dict[str, Any]) -> str:
    if "logs" in output:
        return str(output["logs"]) + (_TRUNCATED if output["logs_truncated"] else "")
    if output.keys() <= {"result", "truncated"}:
        return str(output.get("result", "")) + (_TRUNCATED if output.get("truncated") else "")
    kind = "dbt" if "artifacts_link" in output or "artifacts_headers" in output else "SQL"
    return f"{kind} Task Output:\n{json.dumps(output, indent=2)}"
