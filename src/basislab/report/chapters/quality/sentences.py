"""Sentences of the data quality: what was checked, what was found, what was filled."""

from __future__ import annotations

from basislab.report import words
from basislab.report.chapters.quality.facts import Quality, QualityFacts, Resampled
from basislab.report.study.runs import Runs
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR


def lines(_: Runs, facts: QualityFacts) -> list[str]:
    """Return the data quality in a line."""
    quality = facts.quality
    return [
        (
            f"Data: {words.plural(quality.checks_count, 'check')} found {_counts(quality)}; "
            f"{_filled(quality)}."
        )
    ]


def sentences(_: Runs, facts: QualityFacts) -> list[str]:
    """Return what is known about the data."""
    quality = facts.quality
    silent = [row.check for row in quality.checks if not row.findings_count]
    filled = _filled(quality)
    text = [
        (
            f"{words.plural(quality.checks_count, 'check')} were made over "
            f"{words.usd(quality.series_count)} series of "
            f"{words.plural(quality.bars_count, 'bar')} each, of {_width(quality.bar_hours)}: they "
            f"found {_counts(quality)}."
        ),
        "Nothing was found, and nothing had to be dealt with when the data came in."
        if len(silent) == quality.checks_count
        else "What was found stands below, by check and series.",
        f"{filled[:1].upper()}{filled[1:]}.",
        *_gaps(quality),
    ]
    if quality.corrections_count:
        text.append(
            f"The venues have corrected {words.plural(quality.corrections_count, 'value')} after "
            "it was first fetched; what they said last counts, what they said before is kept."
        )
    if quality.resampled:
        text.append(_daily(quality.resampled))
    if silent:
        text.append(f"Checks that found nothing: {words.join(silent)}.")
    if quality.not_made:
        text.append(
            "Checks that this market gives nothing to look at, such as a second venue, counts of "
            f"an import: {words.join(quality.not_made)}."
        )
    return text


def _counts(quality: Quality) -> str:
    found = {
        "error": quality.errors_count,
        "warning": quality.warnings_count,
        "note": quality.notes_count,
    }
    return words.join([words.plural(count, noun) for noun, count in found.items()])


def _filled(quality: Quality) -> str:
    if not quality.filled_count:
        return "every value was seen, none was filled"
    return (
        f"{words.usd(quality.filled_count)} of {words.plural(quality.values_count, 'value')} "
        f"({words.share(quality.filled_share, 2)}) were not seen but filled"
    )


def _gaps(quality: Quality) -> list[str]:
    decisions = {
        "error": "A hole would have been refused.",
        "ffill": "A hole up to a chosen length holds the value before it.",
        "drop": "The longest stretch without a hole is kept, and the rest dropped.",
        "interpolate": "A short hole of a lending rate is a line to its next value.",
    }
    policy = decisions.get(str(quality.policy))
    text = [policy] if policy else []
    if quality.gaps:
        text.append(
            f"{words.plural(len(quality.gaps), 'decision')} about gaps of the whole market "
            f"{'is' if len(quality.gaps) == 1 else 'are'} recorded with it, and listed below."
        )
    else:
        text.append("There was no gap to decide about.")
    return text


def _daily(made: Resampled) -> str:
    return (
        "The models of this study are defined on daily bars: each is made of the "
        f"{words.plural(made.bars_a_day_count, 'bar')} of a day (outer prices, sums of volume and "
        "funding, mean of the rates). Days that are not whole are left out, "
        f"{words.plural(made.left_out_count, 'bar')} in all."
    )


def _width(hours: float) -> str:
    day = SECONDS_PER_DAY / SECONDS_PER_HOUR
    if hours == day:
        return "a day"
    return words.plural(hours, "hour") if hours.is_integer() else f"{words.decimal(hours)} hours"
