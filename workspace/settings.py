"""Every setting of the product: one frozen model, read from BUNDLEOPS_* variables."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from workspace.errors import UsageError

PREFIX = "BUNDLEOPS_"
SANDBOX_PREFIX = "BUNDLEOPS_SANDBOX_"
"""Variables of the sandbox, a program of its own."""

Heal = Literal["off", "propose", "safe"]
Level = Literal["atomic", "composite", "orchestrator"]
VerifiedApprovals = Literal["always", "risky", "never"]


class Settings(BaseSettings):
    """Settings of one process. Units stand in the names."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    cli: str = Field("databricks", min_length=1, description="Databricks CLI: a program name on PATH, or its path.")
    cli_timeout_seconds: float = Field(900, gt=0, le=7200, description="Time limit of one deploy, plan or destroy.")
    cli_validate_timeout_seconds: float = Field(
        180, gt=0, le=3600, description="Time limit of one validate or summary; a dead host hangs them silently."
    )
    probe_timeout_seconds: float = Field(10, gt=0, le=120, description="Time a workspace host has to answer at all.")
    profile: str | None = Field(None, description="Profile of the Databricks configuration file.")
    state_dir: Path = Field(
        default_factory=lambda: platformdirs.user_state_path("bundleops", appauthor=False),
        description="Folder for operations, working copies and answers; never inside a bundle.",
    )
    max_iterations: int = Field(3, ge=1, le=3, description="Runs of one resource within one operation.")
    heal: Heal | None = Field(
        None,
        description="`off`: only report; `propose`: fixes are shown and asked for; `safe`: safe fixes are applied at "
        "once. Unset: `safe` on development targets, `propose` elsewhere.",
    )
    excluded: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Resource keys with commas between them, also with `*` (`jobs.billing_*`), that are never healed: "
        "they run and are verified, and a person is asked when they fail.",
    )
    fixes_per_day: int = Field(
        20, ge=0, description="Fixes that are applied to one bundle and target within 24 hours without approval."
    )
    changed_lines_per_day: int = Field(500, ge=0, description="Lines that such fixes may change within 24 hours.")
    level: Level = Field(
        "atomic",
        description="Jobs that run: the `atomic` ones, or the `composite` jobs or `orchestrator`s that start them.",
    )
    parallel_runs: int = Field(4, ge=1, le=32, description="Independent runs of one layer at the same time.")
    run_timeout_minutes: float = Field(120, gt=0, le=10_080, description="Time limit of waiting for one run.")
    poll_seconds_first: float = Field(3, gt=0, le=60, description="Age of a run at the first look at it.")
    poll_seconds_max: float = Field(
        10,
        gt=0,
        le=30,
        description="Longest pause between two looks while a run may end at any moment. While earlier runs tell that "
        "the end is far away the pauses grow to 30, 60 and 120 s (training jobs: 60 to 300 s; pipelines: 30 s).",
    )
    training_jobs: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Resource keys with commas between them, also with `*` (`jobs.train_*`), of jobs that train a "
        "model: they are looked at less often. A tag `job_type` with the word `training` says the same.",
    )
    partial_success_share: float = Field(
        0.9,
        ge=0,
        le=1,
        description="Share of the items of a notebook (alerts, monitors, benchmark questions) that must succeed; the "
        "failed ones are named. With five to nine items one failure passes too, unless the share is 1.",
    )
    verify_tables: bool = Field(
        default=True,
        description="Check after a run that the tables it writes are there and hold rows; that may start a warehouse.",
    )
    warehouse: str | None = Field(
        None, description="Id of the SQL warehouse for checks. Unset: a running one, else one that can be started."
    )
    monitor_poll_seconds: float = Field(
        30, gt=0, le=300, description="Longest pause between two looks at the refresh of a monitor."
    )
    monitor_timeout_minutes: float = Field(
        30, gt=0, le=1440, description="Time limit of waiting for the refresh of a monitor."
    )
    lock_wait_seconds: float = Field(600, ge=0, le=86_400, description="Time to wait for a target that is locked.")
    answer_wait_seconds: float = Field(3600, ge=0, le=604_800, description="Time to wait for a person's answer.")
    suspend_after_seconds: float = Field(
        900, ge=0, le=604_800, description="A longer wait suspends the flow run of a deployment and frees its process."
    )
    verified_approvals: VerifiedApprovals = Field(
        "risky",
        description="Which approvals count from a verified person only. `always`: all; `risky`: those on targets that "
        "are not `mode: development`, and of acts that may lose something; `never`: none.",
    )
    approvers: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="User names or e-mail addresses, with commas between them, of those who may give such approvals. "
        "Unset: every verified person.",
    )
    send_codes_to: Annotated[Mapping[str, str], NoDecode] = Field(
        default_factory=dict,
        description="Approvers who are sent a one-time code for Prefect's form, each with the notification block that "
        "reaches only them: `NAME=TYPE/BLOCK` with commas between them. Unset: no codes.",
    )

    @field_validator("approvers", "excluded", "training_jobs", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value

    @field_validator("send_codes_to", mode="before")
    @classmethod
    def _split_pairs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        if any(not name.strip() or "/" not in block.strip().strip("/") for name, _, block in pairs):
            raise ValueError("say NAME=TYPE/BLOCK, such as ann@example.com=slack-webhook/ann, with commas between them")
        return {name.strip(): block.strip() for name, _, block in pairs}

    @field_validator("send_codes_to")
    @classmethod
    def _may_approve(cls, value: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
        approvers = {name.casefold() for name in info.data.get("approvers") or ()}
        useless = [name for name in value if approvers and name.casefold() not in approvers]
        if useless:
            raise ValueError(f"BUNDLEOPS_APPROVERS does not name {', '.join(useless)}, so their codes would not count")
        if value and info.data.get("verified_approvals") == "never":
            raise ValueError("nobody is asked for a code while BUNDLEOPS_VERIFIED_APPROVALS is `never`")
        return value

    @field_validator("approvers")
    @classmethod
    def _can_be_checked(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if value and info.data.get("verified_approvals") == "never":
            raise ValueError("nobody's name is looked at while BUNDLEOPS_VERIFIED_APPROVALS is `never`")
        return value


def settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        UsageError: a variable is unknown or has a value that is not allowed; the text names it.
    """
    _refuse_unknown_variables()
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"{PREFIX}{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors()]
        raise UsageError("Settings are not usable. Correct or unset:\n  " + "\n  ".join(lines)) from None


def _refuse_unknown_variables() -> None:
    """A mistyped variable would otherwise be ignored in silence."""
    known = [f"{PREFIX}{name}".upper() for name in Settings.model_fields]
    for variable in sorted(os.environ):
        name = variable.upper()
        if name.startswith(PREFIX) and not name.startswith(SANDBOX_PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else f" Known are: {', '.join(known)}."
            raise UsageError(f"{variable} is no setting.{hint}")
