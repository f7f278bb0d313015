"""Presets of the target's mode, and what the official CLI adds to every resource."""

from __future__ import annotations

from typing import Any

from sandbox.standin.bundle import Bundle
from sandbox.standin.node import Node


def apply_mode(bundle: Bundle) -> None:
    """Set the presets of a development target; what the target sets itself stays."""
    config = bundle.config
    if config.plain("bundle", "mode") != "development":
        return
    user = bundle.user["short_name"]
    config.set_default(("bundle", "deployment", "lock", "enabled"), value=False)
    config.set_default(("presets", "jobs_max_concurrent_runs"), 4)
    config.set_default(("presets", "name_prefix"), f"[dev {user}] ")
    config.set_default(("presets", "pipelines_development"), value=True)
    config.set_default(("presets", "tags", "dev"), user)
    config.set_default(("presets", "trigger_pause_status"), "PAUSED")


def complete_resources(bundle: Bundle) -> None:
    """Apply presets and defaults to the resources."""
    presets = bundle.config.plain("presets", default={}) or {}
    deployment = {"kind": "BUNDLE", "metadata_file_path": f"{bundle.remote('state')}/metadata.json"}
    for kind, _, node in bundle.resources():
        if not isinstance(node.value, dict):
            node.value = {}
        if kind == "jobs":
            _complete_job(node, presets, deployment)
        elif kind == "pipelines":
            _complete_pipeline(node, presets, deployment)
        elif kind == "schemas":
            _prefix_schema(node, bundle, presets)
        elif kind == "volumes":
            node.set_default(("volume_type",), "MANAGED")


def _complete_job(node: Node, presets: dict[str, Any], deployment: dict[str, str]) -> None:
    node.set(("deployment",), deployment)
    node.set(("edit_mode",), "UI_LOCKED")
    node.set(("format",), "MULTI_TASK")
    node.set_default(("max_concurrent_runs",), presets.get("jobs_max_concurrent_runs") or 1)
    node.set_default(("queue", "enabled"), value=True)
    node.set(("name",), (presets.get("name_prefix") or "") + str(node.plain("name") or "Untitled"))
    _tag(node, presets)
    for trigger in ("schedule", "continuous", "trigger"):
        if node.get(trigger) is None or not isinstance(node.plain(trigger), dict):
            continue
        node.set_default((trigger, "pause_status"), presets.get("trigger_pause_status") or "UNPAUSED")


def _complete_pipeline(node: Node, presets: dict[str, Any], deployment: dict[str, str]) -> None:
    node.set(("deployment",), deployment)
    node.set_default(("channel",), "CURRENT")
    node.set_default(("edition",), "ADVANCED")
    node.set(("name",), (presets.get("name_prefix") or "") + str(node.plain("name") or ""))
    if presets.get("pipelines_development"):
        node.set(("development",), value=True)
    _tag(node, presets)


def _tag(node: Node, presets: dict[str, Any]) -> None:
    for key, value in (presets.get("tags") or {}).items():
        node.set_default(("tags", key), value)


def _prefix_schema(node: Node, bundle: Bundle, presets: dict[str, Any]) -> None:
    prefix = str(presets.get("name_prefix") or "")
    if prefix == f"[dev {bundle.user['short_name']}] ":
        prefix = f"dev_{bundle.user['short_name']}_"
    node.set(("name",), prefix + str(node.plain("name") or ""))
