"""Runs a notebook's cells in a fork of a process that has everything imported: a kernel without its start."""

from estimation.publish.cells.client import NoForkError, Run, available, close, warm

__all__ = ["NoForkError", "Run", "available", "close", "warm"]
