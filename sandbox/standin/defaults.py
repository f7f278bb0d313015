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
    config.set_default(False, "bundle", "deployment", "lock", "enabled")
    config.set_default(4, "presets", "jobs_max_concurrent_runs")
    config.set_default(f"[dev {user}] ", "presets", "name_prefix")
    config.set_default(True, "presets", "pipelines_development")
    config.set_default(user, "presets", "tags", "dev")
    config.set_default("PAUSED", "presets", "trigger_pause_status")


def complete_resources(bundle: Bundle) -> None:
    """Apply presets and defaults to the resources."""
    presets = bundle.config.plain("presets", default={}) or {}
    deployment = {"kind": "BUNDLE", "metadata_file_path": f"{bundle.remote('state')}/metadata.json"}
    for kind, name, node in bundle.resources():
        if not isinstance(node.value, dict):
            node.value = {}
        if kind == "jobs":
            _complete_job(node, presets, deployment)
        elif kind == "pipelines":
            _complete_pipeline(node, presets, deployment)
        elif kind == "schemas":
            _prefix_schema(node, bundle, presets)
        elif kind == "volumes":
            node.set_default("MANAGED", "volume_type")


def _complete_job(node: Node, presets: dict[str, Any], deployment: dict[str, str]) -> None:
    node.set(deployment, "deployment")
    node.set("UI_LOCKED", "edit_mode")
    node.set("MULTI_TASK", "format")
    node.set_default(presets.get("jobs_max_concurrent_runs") or 1, "max_concurrent_runs")
    node.set_default(True, "queue", "enabled")
    node.set((presets.get("name_prefix") or "") + str(node.plain("name") or "Untitled"), "name")
    _tag(node, presets)
    for trigger in ("schedule", "continuous", "trigger"):
        if node.get(trigger) is None or not isinstance(node.plain(trigger), dict):
            continue
        node.set_default(presets.get("trigger_pause_status") or "UNPAUSED", trigger, "pause_status")


def _complete_pipeline(node: Node, presets: dict[str, Any], deployment: dict[str, str]) -> None:
    node.set(deployment, "deployment")
    node.set_default("CURRENT", "channel")
    node.set_default("ADVANCED", "edition")
    node.set((presets.get("name_prefix") or "") + str(node.plain("name") or ""), "name")
    if presets.get("pipelines_development"):
        node.set(True, "development")
    _tag(node, presets)


def _tag(node: Node, presets: dict[str, Any]) -> None:
    for key, value in (presets.get("tags") or {}).items():
        node.set_default(value, "tags", key)


def _prefix_schema(node: Node, bundle: Bundle, presets: dict[str, Any]) -> None:
    prefix = str(presets.get("name_prefix") or "")
    if prefix == f"[dev {bundle.user['short_name']}] ":
        prefix = f"dev_{bundle.user['short_name']}_"
    node.set(prefix + str(node.plain("name") or ""), "name")
