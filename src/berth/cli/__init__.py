"""The command line."""

from berth.cli.main import main

__all__ = ["main"]
