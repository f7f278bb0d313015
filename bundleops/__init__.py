"""The command line of bundleops."""
