"""Every error the product raises on purpose, named by meaning, with the exit code of its kind."""

from __future__ import annotations


class OperatorError(Exception):
    """Root of all expected errors: the text says what happened, where, and what to do next."""

    exit_code = 1


class NotVerifiedError(OperatorError):
    """A flow came to its end, and what it looked after is not as it should be; `result` says how it is.

    Prefect wants an exception as the data of a failed state, and a worker shows its text.
    """

    def __init__(self, text: str, result: object = None) -> None:
        super().__init__(text)
        self.result = result


class UsageError(OperatorError):
    """The call itself is wrong: unknown target, no bundle, a bad option."""

    exit_code = 2


class BundleInvalidError(OperatorError):
    """The bundle's files cannot be read, parsed or validated."""

    exit_code = 3


class BundleTooLargeError(BundleInvalidError):
    """The bundle's configuration is larger than anything that a person writes: a mistake, or meant to do harm."""


class SetupError(OperatorError):
    """Something outside bundle and workspace is missing: CLI, host, disk, state directory."""

    exit_code = 5


class CliMissingError(SetupError):
    """No `databricks` program was found."""


class CliTooOldError(SetupError):
    """The `databricks` program is older than the oldest supported version."""


class CliTimeoutError(SetupError):
    """The CLI gave no end within its time limit and was stopped."""


class HostUnreachableError(SetupError):
    """The workspace host does not answer."""


class AuthenticationError(SetupError):
    """The workspace refuses the credentials, or there are none."""


class WorkspaceRequestError(OperatorError):
    """The workspace refused or failed one request; `transient` tells whether the same request may succeed later.

    `retry_after` is the number of seconds that the workspace asks to wait before that, None where it asks for nothing.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        error_code: str = "",
        transient: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.transient = transient
        self.retry_after = retry_after


class PlanChangedError(OperatorError):
    """A deploy would do something else than the plan that was looked at."""


class RunTimeoutError(OperatorError):
    """A run did not end within the time limit of the wait; it goes on in the workspace."""


class DeployLockedError(OperatorError):
    """Another operation or deploy holds the target."""


class ApprovalRequiredError(OperatorError):
    """The guard refused an act because no consumed answer covers exactly it."""


class StoppedError(OperatorError):
    """Somebody stopped all operations; nothing is changed until the stop is lifted."""


class EditRefusedError(OperatorError):
    """A file edit would leave the bundle root, follow a symlink, or meet a changed file."""


class StateError(OperatorError):
    """The operation's own records cannot be read or written."""
