"""The application: commands put together, errors turned into one line and status 2."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from basislab.cli import (
    backtest,
    certify,
    data,
    decide,
    fetch,
    montecarlo,
    policies,
    position,
    query,
    replay,
    run,
    stress,
    study,
    sweep,
    venues,
    warm,
    watch,
)
from basislab.cli.naming import NamesModels
from basislab.cli.progress import CompileNotice
from basislab.errors import BasisLabError
from basislab.kernels import notice


class Grouped(TyperGroup):
    """Lists commands under what a person wants to do; as plain text, which loads nothing."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's
        """Write a section a group, in the order in which the groups first come."""
        groups: dict[str, list[tuple[str, Any]]] = {}
        commands: dict[str, Any] = dict(self.commands)
        for name, command in commands.items():
            groups.setdefault(command.rich_help_panel, []).append((name, command))
        limit = formatter.width - 6 - max(map(len, commands))
        for group, entries in groups.items():
            with formatter.section(group):
                formatter.write_dl(
                    [(name, command.get_short_help_str(limit)) for name, command in entries]
                )


app = typer.Typer(
    name="basislab",
    cls=Grouped,
    help="Research and risk lab for delta-neutral carry (basis) trades.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
TRY, JUDGE, HOLD = "Try a position", "Judge it", "Hold one"
DATA, ABOUT = "Data and venues", "This program"

app.command("backtest", cls=NamesModels, rich_help_panel=TRY)(backtest.backtest)
app.command("run", rich_help_panel=TRY)(run.run)
app.command("decide", rich_help_panel=JUDGE)(decide.decide)
app.command("study", rich_help_panel=JUDGE)(study.study)
app.command("sweep", cls=NamesModels, rich_help_panel=JUDGE)(sweep.sweep)
app.command("montecarlo", cls=NamesModels, rich_help_panel=JUDGE)(montecarlo.montecarlo)
app.command("policies", rich_help_panel=JUDGE)(policies.policies)
app.command("certify", cls=NamesModels, rich_help_panel=JUDGE)(certify.certify)
app.command("stress", rich_help_panel=JUDGE)(stress.stress)
app.add_typer(position.app, name="position", rich_help_panel=HOLD)
app.command("watch", rich_help_panel=HOLD)(watch.watch)
app.command("replay", rich_help_panel=HOLD)(replay.replay)
data.app.command("fetch", cls=fetch.NamesSources)(fetch.fetch)
data.app.command("update")(fetch.update)
data.app.command("export")(fetch.export)
data.app.command("query")(query.query)
data.app.command("gc")(fetch.gc)
app.add_typer(data.app, name="data", rich_help_panel=DATA)
app.command("venues", rich_help_panel=DATA)(venues.venues)
app.command("fake-venues", rich_help_panel=DATA)(fetch.fake_venues)
app.command("warm", rich_help_panel=ABOUT)(warm.warm)


@app.command(rich_help_panel=ABOUT)
def version() -> None:
    """Print the version."""
    from basislab import __version__

    typer.echo(f"basislab {__version__}")


def main() -> None:
    """Run the command line; an expected error is one message on stderr and status 2.

    typer itself ends quietly on Ctrl-C (status 130) and on a closed reader (status 1).
    """
    notice.tell = CompileNotice()
    try:
        app()
    except BasisLabError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
