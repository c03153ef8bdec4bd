"""Sentences of the data quality: what was checked, what was found, what was filled.

Text only: figures come through `words`. A test reads this file's literals and finds no digit.
"""

from __future__ import annotations

from basislab.report import words
from basislab.report.runs import Facts
from basislab.report.words import plural
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR


def quality_line(facts: Facts) -> str:
    """Return the data quality in a line.

    Parameters
    ----------
    facts : dict
        Of a study.

    Returns
    -------
    str
    """
    quality = facts["quality"]
    return (
        f"Data: {plural(quality['checks_count'], 'check')} found {_counts(quality)}; "
        f"{_filled(quality)}"
    )


def quality_findings(facts: Facts) -> list[str]:
    """Return the sentences of the chapter on data quality.

    Parameters
    ----------
    facts : dict
        Of a study.

    Returns
    -------
    list of str
    """
    quality = facts["quality"]
    silent = [row["check"] for row in quality["checks"] if not row["findings_count"]]
    text = [
        (
            f"{plural(quality['checks_count'], 'check')} were made over "
            f"{words.usd(quality['series_count'])} series of {plural(quality['bars_count'], 'bar')}"
            f" each, of {_width(quality['bar_hours'])}: they found {_counts(quality)}."
        )
    ]
    if len(silent) == quality["checks_count"]:
        text.append("Nothing was found, and nothing had to be dealt with when the data came in.")
    else:
        text.append("What was found stands below, by check and series.")
    filled = _filled(quality)
    text.append(f"{filled[:1].upper()}{filled[1:]}.")
    text += _gaps(quality)
    if quality["corrections_count"]:
        text.append(
            f"The venues have corrected {plural(quality['corrections_count'], 'value')} after it "
            "was first fetched; what they said last counts, what they said before is kept."
        )
    if quality["resampled"]:
        text.append(_daily(quality))
    if silent:
        text.append(f"Checks that found nothing: {words.join(silent)}.")
    if quality["not_made"]:
        text.append(
            "Checks that this market gives nothing to look at, such as a second venue, counts of "
            f"an import: {words.join(quality['not_made'])}."
        )
    return text


def _counts(quality: Facts) -> str:
    found = {
        "error": quality["errors_count"],
        "warning": quality["warnings_count"],
        "note": quality["notes_count"],
    }
    return words.join([plural(count, noun) for noun, count in found.items()])


def _filled(quality: Facts) -> str:
    if not quality["filled_count"]:
        return "every value was seen, none was filled"
    return (
        f"{words.usd(quality['filled_count'])} of {plural(quality['values_count'], 'value')} "
        f"({words.share(quality['filled_share'], 2)}) were not seen but filled"
    )


def _gaps(quality: Facts) -> list[str]:
    decisions = {
        "error": "A hole would have been refused.",
        "ffill": "A hole up to a chosen length holds the value before it.",
        "drop": "The longest stretch without a hole is kept, and the rest dropped.",
        "interpolate": "A short hole of a lending rate is a line to its next value.",
    }
    policy = decisions.get(str(quality["policy"]))
    text = [policy] if policy else []
    if quality["gaps"]:
        text.append(
            f"{plural(len(quality['gaps']), 'decision')} about gaps of the whole market "
            f"{'is' if len(quality['gaps']) == 1 else 'are'} recorded with it, and listed below."
        )
    else:
        text.append("There was no gap to decide about.")
    return text


def _daily(quality: Facts) -> str:
    made = quality["resampled"]
    return (
        "The models of this study are defined on daily bars: each is made of the "
        f"{plural(made['bars_a_day_count'], 'bar')} of a day (outer prices, sums of volume and "
        "funding, mean of the rates). Days that are not whole are left out, "
        f"{plural(made['left_out_count'], 'bar')} in all."
    )


def _width(hours: float) -> str:
    day = SECONDS_PER_DAY / SECONDS_PER_HOUR
    if hours == day:
        return "a day"
    return plural(hours, "hour") if hours.is_integer() else f"{words.decimal(hours)} hours"
