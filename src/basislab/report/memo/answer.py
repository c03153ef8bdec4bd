"""The first point: the word, what would be held, and what decided."""

from __future__ import annotations

from collections.abc import Iterator

from basislab.report import words
from basislab.research.decision.verdict import is_thin
from basislab.types.decision import Decision
from basislab.types.venue_config import resolved
from basislab.types.venue_terms import LendingMarket, PerpVenue

WORDS = {
    "worth it": "Worth it",
    "worth it while carry pays": "Worth it while carry pays",
    "not worth it": "Not worth it",
    "cannot be told": "It cannot be told",
}


def answer(found: Decision) -> str:
    """Return the answer: a bold word with how sure it is, and why."""
    return f"**{headline(found)}** {' '.join(_sentences(found))}"


def headline(found: Decision) -> str:
    """Return the word, and how sure it is.

    A word of worth says where it is thin: after little funding.
    """
    thin = found.word == "worth it" and is_thin(found.lean.excess)
    word = WORDS[found.word] + (", thinly so when funding is low" if thin else "")
    return f"{word}; {found.sureness}." if found.sureness else f"{word}."


def _sentences(found: Decision) -> Iterator[str]:
    made = found.made
    if found.word.startswith("worth"):
        yield f"{size_said(found)}."
    elif found.chosen.is_passed:
        yield f"The best of {found.luck.trials_count} sizes tried: {_low(size_said(found))}."
    else:
        yield (
            f"None of {found.luck.trials_count} sizes tried passes; the nearest: "
            f"{_low(size_said(found))}."
        )
    yield (
        f"From {found.first_day} to {found.last_day} that made {words.percent(made.annualized)} a "
        f"year, {lent(found)} {words.percent(made.hurdle_annualized)}."
    )
    yield from (REASONS[reason] for reason in found.why if found.word not in GOOD)
    judged = [row for row in found.half_years if row.days_count >= 30]
    won = sum(row.excess_return > 0 for row in judged)
    yield f"It beat that, its hurdle, in {won} of {words.plural(len(judged), 'half-year')}."


GOOD = ("worth it", "worth it while carry pays")

REASONS = {
    "sample": "The past is too short to say whether that was luck.",
    "criterion": (
        "Each of them is liquidated too often, or falls to the hurdle when one of its numbers "
        "changes a little: no result to count on."
    ),
    "excess": "The difference is too uncertain to call it more than nothing.",
    "walk": "Chosen on the days before alone, it did not beat the hurdle on the days after.",
    "regimes": "It came from few of the half-years.",
    "paying": "Nor is it known to beat the hurdle after weeks in which funding paid.",
}
"""What decided, where the answer is no or unknown."""


def size_said(found: Decision) -> str:
    """Return the position as an instruction."""
    size, coin = found.chosen, found.asset
    loan, perp = (
        resolved(found.config.lending, LendingMarket),
        resolved(found.config.perp, PerpVenue),
    )
    where = loan.name.capitalize()
    if size.long_leverage > 1:
        held = f"Hold {coin} at {words.multiple(size.long_leverage)} on {where}"
    elif loan.lends:
        held = f"Hold {coin} without a loan, lent out on {where}"
    else:
        held = f"Hold {coin} without a loan"
    kept = ""
    if size.band is not None:
        kept = f", and trade both legs back to size when they drift by {words.share(size.band, 0)}"
    return (
        f"{held}, short as much of it at {words.multiple(size.short_leverage)} on "
        f"{perp.name.capitalize()}{kept}"
    )


def lent(found: Decision) -> str:
    """Return the hurdle as the subject of a sentence."""
    return found.hurdle if found.hurdle.startswith("lending") else f"the hurdle of {found.hurdle}"


def _low(text: str) -> str:
    return text[:1].lower() + text[1:]
