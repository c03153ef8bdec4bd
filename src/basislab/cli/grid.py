"""What sweeps and Monte-Carlo share on the command line: the configurations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basislab.cli.backtest import ModelName

if TYPE_CHECKING:
    import pandas as pd

    from basislab.types.configs import ModelConfig

Model = Annotated[ModelName, typer.Option(help="Which model.")]
Market = Annotated[str | None, typer.Option(help="Name or path; the sample if left out.")]
Start = Annotated[str | None, typer.Option(help="First day, 2025-01-18.")]
End = Annotated[str | None, typer.Option(help="Last day, inclusive.")]
Leverage = Annotated[str, typer.Option(help="2,3,4 or 2:5:0.5 (the end included), or both.")]
Capital = Annotated[str | None, typer.Option(help="USD, split in two halves; default 10000.")]
Perp = Annotated[str | None, typer.Option(help="Venue presets or TOML files.")]
Lending = Annotated[str | None, typer.Option(help="Lending protocols.")]
OpenFee = Annotated[str | None, typer.Option(help="Open fee of the long leg, bps.")]
Trigger = Annotated[
    str | None, typer.Option(help="rebalance: leg leverages, 'never', 'auto' (2 x leverage).")
]
Buffer = Annotated[str | None, typer.Option(help="rotation, conditional: fractions.")]
MinApy = Annotated[str | None, typer.Option(help="rotation: fractions a year, 'none'.")]
EntryApy = Annotated[str | None, typer.Option(help="conditional: fractions a year.")]
Lookback = Annotated[str | None, typer.Option(help="conditional: days of the mean.")]
Slippage = Annotated[str | None, typer.Option(help="static: none, book.")]
Samples = Annotated[
    int | None, typer.Option(help="Random configurations; low:high is then a range.")
]
Workers = Annotated[int | None, typer.Option(help="Threads; one a core if left out.")]
Job = Annotated[Path | None, typer.Option(help="Folder that keeps finished parts.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with what --job has.")]

OPTIONS = {"capital_usd": "--capital"}
TABLE_ENDINGS = (".parquet", ".csv")
FIGURE_ENDINGS = (".svg", ".png", ".html")


def read_fields(given: dict[str, str | None], *, sampled: bool) -> dict[str, Any]:
    """Return the values of every field that was given.

    Parameters
    ----------
    given : dict of str to str or None
        Texts by the config's field.
    sampled : bool

    Returns
    -------
    dict

    Raises
    ------
    ConfigError
        A text that is no list of values.
    """
    from basislab.cli.lists import parse_values

    return {
        field: parse_values(
            OPTIONS.get(field, "--" + field.replace("_", "-")), field, text, sampled=sampled
        )
        for field, text in given.items()
        if text is not None
    }


def base_config(model: ModelName, fields: dict[str, Any]) -> tuple[ModelConfig, dict[str, Any]]:
    """Return the config of what is the same everywhere, and the fields that are swept.

    Parameters
    ----------
    model : ModelName
    fields : dict
        From `read_fields`; holds ``leverage``.

    Returns
    -------
    ModelConfig
    dict

    Raises
    ------
    ConfigError
        A field that the model does not have, a value outside its range.
    """
    from basislab.errors import ConfigError
    from basislab.scenarios import CONFIGS

    kind = CONFIGS[model.value]
    known = kind.__dataclass_fields__
    for field in fields:
        if field not in known:
            option = OPTIONS.get(field, "--" + field.replace("_", "-"))
            raise ConfigError(f"{option}: model {model.value!r} has no such decision.")
    fixed = {k: v[0] for k, v in fields.items() if isinstance(v, list) and len(v) == 1}
    swept = {k: v for k, v in fields.items() if k not in fixed}
    if "leverage" not in fixed:
        first = swept["leverage"][0]
        return kind(**fixed, leverage=first), swept
    return kind(**fixed), swept


def check_endings(out: Path | None, figure: Path | None = None) -> None:
    """Refuse files of an unknown kind before anything is computed.

    Parameters
    ----------
    out, figure : Path or None

    Raises
    ------
    ConfigError
        Another ending.
    """
    from basislab.errors import ConfigError

    for path, endings in ((out, TABLE_ENDINGS), (figure, FIGURE_ENDINGS)):
        if path is not None and path.suffix not in endings:
            raise ConfigError(f"output {path}: it must end in {' or '.join(endings)}.")


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a DataFrame as Parquet or CSV, by the file's ending.

    Parameters
    ----------
    frame : DataFrame
    path : Path

    Raises
    ------
    ConfigError
        The file cannot be written.
    """
    from basislab.cli.output import write_text
    from basislab.jobs.tables import write_parquet

    if path.suffix == ".parquet":
        write_parquet(frame, path)
    else:
        write_text(path, frame.to_csv(index=False))
