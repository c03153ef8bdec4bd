"""Whether results of a market are given: not of data with errors, unless one accepts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from basislab.data.judge.findings import Finding, FindingGroup, grouped
from basislab.data.judge.quality import check
from basislab.errors import DataError
from basislab.types.market import Market

MOST_NAMED = 5
"""Places that a text names; `basislab data check` has all."""

_MOST_KNOWN = 64


class _Judged(NamedTuple):
    """What was found in a content, in words; empty where nothing was."""

    errors: str
    warnings: str


_known: dict[str, _Judged] = {}


def checked(market: Market, *, accept_quality: bool = False) -> tuple[str, ...]:
    """Return what every result of a market has to say about its data.

    The rules are asked once for a content; after that a call costs microseconds.

    Parameters
    ----------
    accept_quality : bool
        Go on in spite of errors; the first text then says so.

    Returns
    -------
    tuple of str
        Empty where nothing was found.

    Raises
    ------
    DataError
        The data have errors, and nobody accepts them.
    """
    found = _judged(market)
    if found.errors and not accept_quality:
        raise DataError(
            f"market {market.name!r}: the data have {found.errors}. No result is given of them. "
            "Correct the data, or go on in spite of that with --accept-quality "
            f"(accept_quality=True); 'basislab data check {market.name}' lists all findings."
        )
    accepted = f"accepted with --accept-quality: the data have {found.errors}"
    warned = f"the data have {found.warnings}"
    return (accepted,) * bool(found.errors) + (warned,) * bool(found.warnings)


def _judged(market: Market) -> _Judged:
    if market.fingerprint not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        report = check(market)
        _known[market.fingerprint] = _Judged(
            _in_words(report.errors, "error"), _in_words(report.warnings, "warning")
        )
    return _known[market.fingerprint]


def _in_words(findings: Sequence[Finding], what: str) -> str:
    """Return how many there are and where, an error with what was found at its worst place."""
    if not findings:
        return ""
    groups = grouped(findings)
    texts = [_place(group) for group in groups[:MOST_NAMED]]
    if len(groups) > MOST_NAMED:
        texts.append(f"{len(groups) - MOST_NAMED} more")
    return f"{len(findings)} {what}{'' if len(findings) == 1 else 's'}: {'; '.join(texts)}"


def _place(group: FindingGroup) -> str:
    worst = group.worst
    at = f", {worst.when:%Y-%m-%d %H:%M}".removesuffix(" 00:00") if worst.when else ""
    often = f", {group.count} times" if group.count > 1 else ""
    told = f": {worst.message}" if group.severity == "error" else ""
    return f"{group.rule} ({group.series}{at}{often}){told}"
