"""Errors as the REST API reports them: an HTTP status, an error code and a sentence."""

from __future__ import annotations


class ApiError(Exception):
    """A refusal that reaches the caller as `{"error_code": …, "message": …}`."""

    def __init__(self, status: int, error_code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.message = message

    @classmethod
    def invalid(cls, message: str) -> ApiError:
        """The request itself is wrong."""
        return cls(400, "INVALID_PARAMETER_VALUE", message)

    @classmethod
    def invalid_state(cls, message: str) -> ApiError:
        """The request is fine, but not in the state that the object is in."""
        return cls(400, "INVALID_STATE", message)

    @classmethod
    def missing(cls, message: str) -> ApiError:
        """The object does not exist."""
        return cls(404, "RESOURCE_DOES_NOT_EXIST", message)

    @classmethod
    def exists(cls, message: str) -> ApiError:
        """The object is there already."""
        return cls(409, "RESOURCE_ALREADY_EXISTS", message)

    @classmethod
    def conflict(cls, message: str) -> ApiError:
        """Something else is in progress on the object."""
        return cls(409, "RESOURCE_CONFLICT", message)

    @classmethod
    def not_served(cls, what: str) -> ApiError:
        """A part of Databricks that the sandbox leaves out."""
        return cls(501, "NOT_IMPLEMENTED", f"SANDBOX_UNSUPPORTED: the sandbox does not serve {what}.")


class SandboxError(Exception):
    """What a person at the command line is told, in one line."""
