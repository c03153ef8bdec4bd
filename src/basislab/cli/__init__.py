"""The command line: thin commands that parse, call and show. Heavy imports happen inside them."""

from basislab.cli.app import main

__all__ = ["main"]
