"""The application: commands put together, errors turned into one line and status 2."""

from __future__ import annotations

import sys

import typer

from basislab.cli import (
    backtest,
    certify,
    data,
    fetch,
    montecarlo,
    query,
    run,
    study,
    sweep,
    venues,
)
from basislab.errors import BasisLabError

app = typer.Typer(
    name="basislab",
    help="Research and risk lab for delta-neutral carry (basis) trades.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("study")(study.study)
app.command("backtest")(backtest.backtest)
app.command("sweep")(sweep.sweep)
app.command("montecarlo")(montecarlo.montecarlo)
app.command("certify")(certify.certify)
app.command("run")(run.run)
app.command("venues")(venues.venues)
data.app.command("fetch", cls=fetch.NamesSources)(fetch.fetch)
data.app.command("update")(fetch.update)
data.app.command("export")(fetch.export)
data.app.command("query")(query.query)
data.app.command("gc")(fetch.gc)
app.add_typer(data.app, name="data")
app.command("fake-venues")(fetch.fake_venues)


@app.command()
def version() -> None:
    """Print the version."""
    from basislab import __version__

    typer.echo(f"basislab {__version__}")


def main() -> None:
    """Run the command line; an expected error is one message on stderr and status 2.

    typer itself ends quietly on Ctrl-C (status 130) and on a closed reader (status 1).
    """
    try:
        app()
    except BasisLabError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
