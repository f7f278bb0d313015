"""Whose texts the stand-in prints: those of the version that it follows, or of the oldest that operators support."""

CLI_VERSION = "1.14.0-standin"
OLD_VERSION = "0.278.0-standin"
SWITCH = "SANDBOX_CLI_VERSION"
"""The environment variable that chooses; `0.278.0` asks for the older texts."""
