"""The application: commands put together, errors turned into one line and status 2."""

from __future__ import annotations

import os
import sys

import typer

from basislab.cli import backtest, data, run, study, venues
from basislab.errors import BasisLabError

INTERRUPTED = 130
BROKEN_PIPE = 141

app = typer.Typer(
    name="basislab",
    help="Research and risk lab for delta-neutral carry (basis) trades.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("study")(study.study)
app.command("backtest")(backtest.backtest)
app.command("run")(run.run)
app.command("venues")(venues.venues)
app.add_typer(data.app, name="data")


@app.command()
def version() -> None:
    """Print the version."""
    from basislab import __version__

    typer.echo(f"basislab {__version__}")


def main() -> None:
    """Run the command line; an expected error is one message on stderr and status 2."""
    try:
        app()
    except BasisLabError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader (head, a closed pager) has seen enough; nothing more can be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
