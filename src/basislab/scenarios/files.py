"""Scenario files in, result files out; every scenario stands or falls on its own."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PrivateAttr, ValidationError

from basislab._version import VERSION
from basislab.data import checked, load_market
from basislab.errors import BasisLabError, ConfigError
from basislab.scenarios.base import ModelScenario, Strict, first_problem, refuse_unknown
from basislab.scenarios.kinds import FORMAT_VERSION, parse_scenario
from basislab.simulate import simulate
from basislab.types.market import Market
from basislab.types.result import Result

MAX_BAR_SCENARIOS = 100_000_000
"""Largest ``bars x scenarios`` of one file: about a minute of kernel time."""


def _no_boolean(value: object) -> object:
    """Refuse true: Python holds it equal to one."""
    if isinstance(value, bool):
        raise ValueError(f"got {str(value).lower()}; write 1")  # noqa: TRY004 - pydantic's way
    return value


class ScenarioFile(Strict):
    """A parsed scenario file; scenarios are still raw, so that each can fail on its own.

    Parameters
    ----------
    market : str, optional
        Default for scenarios without one.
    """

    version: Annotated[Literal[1], BeforeValidator(_no_boolean)]
    scenarios: list[Any]
    market: str | None = None
    _folder: Path | None = PrivateAttr(default=None)


MarketLoader = Callable[[str | None], Market]


def run(
    scenarios: Sequence[ModelScenario],
    *,
    market: Market | str | None = None,
    accept_quality: bool = False,
) -> list[Result]:
    """Run scenarios one after the other.

    Parameters
    ----------
    scenarios : sequence of Scenario or VenueScenario
    market : Market or str, optional
        For scenarios that name none; the package's sample when left out.
    accept_quality : bool
        Give a result of data that have errors; it says so.

    Returns
    -------
    list of Result
        In the order of `scenarios`.

    Raises
    ------
    BasisLabError
        The first scenario that cannot be run, named by its id.
    ConfigError
        More than `MAX_BAR_SCENARIOS` bars in all.

    Examples
    --------
    >>> from basislab import Scenario
    >>> [result] = run([Scenario(model="static", leverage=2, capital_usd=1_000)])
    >>> round(result.final_usd - result.initial_usd, 2)
    63.69
    """
    load = market_loader(market)
    _check_size(len(scenarios), load, [scenario.market for scenario in scenarios])
    results = []
    for position, scenario in enumerate(scenarios, start=1):
        try:
            results.append(run_scenario(scenario, load, accept_quality=accept_quality))
        except BasisLabError as error:
            raise type(error)(f"scenario {scenario.id or position}: {error}") from None
    return results


def market_loader(default: Market | str | None = None, folder: Path | None = None) -> MarketLoader:
    """Return a function that loads a market by name or path once and keeps it.

    Parameters
    ----------
    default : Market or str, optional
        What None stands for; the package's sample when left out.
    folder : Path, optional
        Where a relative path is looked for first; the working directory when left out.
    """

    @cache
    def load(name: str | None) -> Market:
        if name is None and isinstance(default, Market):
            return default
        wanted = name if name is not None else default
        if isinstance(wanted, str) and folder is not None and _is_beside(folder, wanted):
            return load_market(folder / wanted)
        return load_market(wanted)  # type: ignore[arg-type]

    return load


def _is_beside(folder: Path, wanted: str) -> bool:
    """Whether `wanted` is written as a path and there; a bare word is a market's name first."""
    if not ("/" in wanted or os.sep in wanted or wanted.endswith((".csv", ".csv.gz"))):
        return False
    try:
        return (folder / wanted).exists()
    except (OSError, ValueError):  # too long for the file system, or with a NUL
        return False


def run_scenario(
    scenario: ModelScenario, load: MarketLoader, *, accept_quality: bool = False
) -> Result:
    """Run one scenario.

    Parameters
    ----------
    load : callable
        From `market_loader`.
    accept_quality : bool
        Give a result of data that have errors; it says so.

    Raises
    ------
    BasisLabError
        It cannot be run.
    """
    market = load(scenario.market)
    notes = checked(market, accept_quality=accept_quality)
    result = simulate(market, scenario.to_config(), start=scenario.start, end=scenario.end)
    return replace(result, warnings=(*notes, *result.warnings))


def parse_file(text: str, *, is_toml: bool = False) -> ScenarioFile:
    """Parse a scenario file without looking into its scenarios.

    Parameters
    ----------
    is_toml : bool
        TOML instead of JSON.

    Raises
    ------
    ConfigError
        Not valid JSON or TOML, a repeated key, an unknown key or version. NaN and Infinity are
        refused later, by the scenario that holds them.
    """
    raw = _parse_toml(text) if is_toml else _parse_json(text)
    if not isinstance(raw, dict):
        raise ConfigError(
            f"scenario file: got {type(raw).__name__} at the top; "
            'it must be an object with "version" and "scenarios".'
        )
    try:
        refuse_unknown(raw, ScenarioFile.model_fields, "")
        return ScenarioFile.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(f"scenario file: {first_problem(error)}") from None
    except ValueError as error:
        raise ConfigError(f"scenario file: {error}.") from None


def run_file(
    parsed: ScenarioFile,
    *,
    with_events: bool = True,
    with_equity: bool = False,
    accept_quality: bool = False,
) -> Iterator[dict[str, Any]]:
    """Run a file's scenarios, yielding a result or an error object for each.

    Parameters
    ----------
    with_events, with_equity : bool
        What the results include.
    accept_quality : bool
        Give a result of data that have errors; it says so.

    Yields
    ------
    dict
        `Result.to_dict`, or ``{"id", "error": {"type", "message"}}``.

    Raises
    ------
    ConfigError
        More than `MAX_BAR_SCENARIOS` bars in all.
    """
    load = market_loader(parsed.market, parsed._folder)
    names = [raw.get("market") if isinstance(raw, dict) else None for raw in parsed.scenarios]
    _check_size(len(names), load, [name if isinstance(name, str) else None for name in names])
    seen: set[str] = set()
    for position, raw in enumerate(parsed.scenarios, start=1):
        name = raw.get("id") if isinstance(raw, dict) else None
        label = name if isinstance(name, str) else str(position)
        try:
            if label in seen:
                raise ConfigError(f"id: {label!r} is used twice. Give every scenario its own.")
            result = run_scenario(parse_scenario(raw), load, accept_quality=accept_quality)
            yield result.to_dict(with_events=with_events, with_equity=with_equity, id=label)
        except BasisLabError as error:
            yield {"id": label, "error": {"type": type(error).__name__, "message": str(error)}}
        seen.add(label)


def results_text(results: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the result file piece by piece, one line a result, whatever its size.

    Parameters
    ----------
    results : iterable of dict
        From `run_file`.

    Yields
    ------
    str
        Together one JSON document whose floats read back to the same bits; ASCII, because an id
        may hold what UTF-8 cannot (a lone surrogate).
    """
    yield f'{{"version": {FORMAT_VERSION}, "basislab": {json.dumps(VERSION)}, "results": ['
    separator = "\n"
    for result in results:
        yield separator + json.dumps(result, allow_nan=False)
        separator = ",\n"
    yield "\n]}\n"


def _check_size(count: int, load: MarketLoader, names: Sequence[str | None]) -> None:
    bars = 0
    for name in set(names):
        try:
            bars = max(bars, len(load(name)))
        except BasisLabError:  # the scenario that names it reports it
            continue
    if bars * count > MAX_BAR_SCENARIOS:
        raise ConfigError(
            f"scenario file: {bars} bars x {count} scenarios = {bars * count}; at most "
            f"{MAX_BAR_SCENARIOS} are run at once. Split the file."
        )


def _parse_toml(text: str) -> object:
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"scenario file: not valid TOML: {error}.") from None
    return raw


def _parse_json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_unique_keys)
    except RecursionError:
        raise ConfigError("scenario file: not valid JSON: nested too deeply.") from None
    except ValueError as error:
        raise ConfigError(f"scenario file: not valid JSON: {error}.") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ConfigError(f"scenario file: key {twice!r} is given twice in one object.")
    return found


def read_file(path: Path) -> ScenarioFile:
    """Read and parse a scenario file; TOML by its ending, else JSON.

    Raises
    ------
    ConfigError
        It cannot be read or parsed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"scenario file {path}: it cannot be read ({error}).") from None
    parsed = parse_file(text, is_toml=path.suffix == ".toml")
    parsed._folder = path.parent  # a market's relative path is looked for here first
    return parsed
