"""Resolves a bundle for a target from its files alone: no CLI, no credentials, no network.

It keeps to what the official CLI does with the same files; what only a workspace can tell stays as `${…}`.
"""
