"""What sweeps and Monte-Carlo share on the command line: the configurations."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from basislab.cli import completion
from basislab.cli.backtest import ModelName, pairs, typed

if TYPE_CHECKING:
    import pandas as pd

    from basislab.types.configs import ModelConfig
    from basislab.types.market import Market as MarketData

Market = Annotated[
    str | None,
    typer.Option(help="Name or path; the sample if left out.", autocompletion=completion.markets),
]
Start = Annotated[str | None, typer.Option(help="First day, 2025-01-18.")]
End = Annotated[str | None, typer.Option(help="Last day, inclusive.")]
Samples = Annotated[
    int | None, typer.Option(help="Random configurations; low:high is then a range.")
]


Threads = Annotated[int | None, typer.Option("--workers", help="Threads; one a core if left out.")]


def read_workers(text: str) -> int | str:
    """Return a number of threads, or the address of a scheduler as it stands."""
    return int(text) if text.isascii() and text.isdigit() else text


Workers = Annotated[
    Any,
    typer.Option(
        parser=read_workers,
        metavar="NUMBER|ADDRESS",
        help="Threads, one a core if left out; or a Dask scheduler, tcp://host:8786.",
    ),
]
Job = Annotated[Path | None, typer.Option(help="Folder that keeps finished parts.")]
Figure = Annotated[Path | None, typer.Option(help="Draw it: .svg, .png or .html.")]
Outcomes = Annotated[
    Path | None, typer.Option(help="Folder for Parquet files of all outcomes, as they come.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with what --job has.")]

More = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUES",
        help="Any other field of the model's config, such as has_deleverage; repeatable.",
    ),
]

OPTIONS = {"capital_usd": "--capital", "monitor_seconds": "--monitor"}

_HELP: dict[str, str] = {
    "leverage": "2,3,4 or 2:5:0.5 (the end included), or both.",
    "trigger": "rebalance, venue: leg leverages, 'never', 'auto'.",
    "capital_usd": "USD, split in two halves; default 10000.",
    "perp": "Venue presets or TOML files.",
    "lending": "Lending protocols; venue: presets or TOML files.",
    "open_fee_bps": "Open fee of the long leg, bps. Not for venue.",
    "buffer": "rotation, conditional: fractions.",
    "min_apy": "rotation: fractions a year, 'none'.",
    "entry_apy": "conditional, venue: fractions a year.",
    "lookback_days": "conditional, venue: days of the mean.",
    "slippage": "static: none, book.",
}
"""Decisions of every model, each a list of values."""

_ENGINE_HELP: dict[str, str] = {
    "long_leverage": "venue: of the long alone; 1 is without a loan.",
    "short_leverage": "venue: of the short alone.",
    "band": "venue: how far the size may leave its target, 0.2, or 'never'.",
    "resize_to": "venue: target, or the edge of the band's inner half.",
    "exit_apy": "venue: leave below, fractions a year.",
    "monitor_seconds": "venue: how often the trader looks, 1h,4h; default 1h, or a bar.",
    "policy": "venue: trigger, never, bands, distance, volatility.",
    "response": "venue: after a liquidation rehedge, reopen, exit.",
    "path_order": "venue: nearest, pessimistic order of high and low.",
    "ltv_band": "venue, bands: largest LTVs.",
    "margin_band": "venue, bands: smallest equities of the short over its notional.",
    "distance": "venue, distance: smallest distances to liquidation.",
    "sigma_multiple": "venue, volatility: smallest distances in deviations.",
    "reserve": "venue: fractions of the capital kept idle.",
}
"""Decisions of the venue engine alone."""

_COMPLETED = {"perp": completion.perps, "lending": completion.lending}


class Fields(NamedTuple):
    """What the decisions' options were given: the model, texts by field, more pairs."""

    model: str
    given: dict[str, str | None]
    more: list[str]


Command = Callable[..., None]


def takes_fields(leverage: str) -> Callable[[Command], Command]:
    """Give a command one option a decision, in place of its first parameter, ``fields``.

    Parameters
    ----------
    leverage : str
        Default.

    Returns
    -------
    callable
        Decorates a command whose first parameter is a `Fields`.
    """
    helps = _HELP | _ENGINE_HELP
    added: dict[str, tuple[Any, Any]] = {"model": (ModelName, "rebalance")}
    for name, text in helps.items():
        option = typer.Option(_option(name), help=text, autocompletion=_COMPLETED.get(name))
        added[name] = (Annotated[str | None, option], leverage if name == "leverage" else None)
    added["more"] = (More, None)

    def decorate(command: Command) -> Command:
        def wrapped(**options: Any) -> None:
            given = {name: options.pop(name) for name in helps}
            fields = Fields(options.pop("model"), given, options.pop("more") or [])
            command(fields, **options)

        keyword = inspect.Parameter.KEYWORD_ONLY
        new = [
            inspect.Parameter(name, keyword, default=default, annotation=annotation)
            for name, (annotation, default) in added.items()
        ]
        own = inspect.signature(command, eval_str=True).parameters
        kept = [each.replace(kind=keyword) for name, each in own.items() if name != "fields"]
        wrapped.__doc__ = command.__doc__
        wrapped.__name__ = command.__name__
        wrapped.__signature__ = inspect.Signature([*new, *kept])  # type: ignore[attr-defined]
        wrapped.__annotations__ = {each.name: each.annotation for each in [*new, *kept]}
        return wrapped

    return decorate


def _option(field: str) -> str:
    return OPTIONS.get(field, "--" + field.replace("_", "-"))


def read_fields(fields: Fields, *, sampled: bool) -> dict[str, Any]:
    """Return the values of every field that was given.

    Raises
    ------
    ConfigError
        A text that is no list of values.
    """
    from basislab.cli.lists import parse_values

    found = {
        field: parse_values(_option(field), field, text, sampled=sampled)
        for field, text in fields.given.items()
        if text is not None
    }
    for key, text in pairs(fields.more, found).items():
        found[key] = _free_values(key, text, sampled=sampled)
    return found


def _free_values(key: str, text: str, *, sampled: bool) -> Any:
    """Return the values of any field: whole numbers as such, what is no number as it stands."""
    from basislab.cli.lists import parse_values
    from basislab.errors import ConfigError

    try:
        values = parse_values(f"--set {key}", key, text, sampled=sampled)
    except ConfigError:
        return [typed(piece) for piece in text.split(",")]
    if isinstance(values, tuple):
        return values
    return [int(v) if isinstance(v, float) and v.is_integer() else v for v in values]


def base_config(model: str, fields: dict[str, Any]) -> tuple[ModelConfig, dict[str, Any]]:
    """Return the config of what is the same everywhere, and the fields that are swept.

    Parameters
    ----------
    fields : dict
        From `read_fields`; holds ``leverage``.

    Raises
    ------
    ConfigError
        A field that the model does not have, a value outside its range.
    """
    from dataclasses import fields as fields_of

    from basislab.errors import ConfigError
    from basislab.simulate import config_type

    kind: Any = config_type(model)
    known = {field.name for field in fields_of(kind)}
    for field in fields:
        if field not in known:
            raise ConfigError(f"{_option(field)}: model {model!r} has no such decision.")
    fixed = {k: v[0] for k, v in fields.items() if isinstance(v, list) and len(v) == 1}
    swept = {k: v for k, v in fields.items() if k not in fixed}
    if "leverage" not in fixed:
        first = swept["leverage"][0]
        return kind(**fixed, leverage=first), swept
    return kind(**fixed), swept


def count(swept: dict[str, Any], samples: int | None) -> int:
    """Return how many configurations a search has.

    Parameters
    ----------
    swept : dict
        From `base_config`.

    Examples
    --------
    >>> count({"leverage": [2, 3], "trigger": [4, 5, 6]}, None)
    6
    """
    return samples or math.prod(len(values) for values in swept.values())


def fitted(config: ModelConfig, fields: dict[str, Any], market: MarketData) -> ModelConfig:
    """Let the trader look once a bar where nobody said how often and bars are wider than an hour.

    Parameters
    ----------
    fields : dict
        From `read_fields`.
    """
    from dataclasses import replace

    looks = getattr(config, "monitor_seconds", None)
    if looks is None or "monitor_seconds" in fields:
        return config
    changes: dict[str, Any] = {"monitor_seconds": max(looks, market.bar_seconds)}
    return replace(config, **changes)


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a DataFrame as Parquet or CSV, by the file's ending.

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
