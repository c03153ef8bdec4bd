"""The six points of the memo, each a paragraph; every number is the decision's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from basislab.report import words
from basislab.report.memo.answer import answer, lent
from basislab.research.decision.regimes import PAYING, TODAY_WORDS, TRAILING_DAYS
from basislab.types.decision import Assumption, Decision, Interval, Replay

TITLES = (
    *("The answer", "What it would have made", "What to expect", "What to do"),
    *("What would kill it", "What is not known"),
)


def paragraphs(found: Decision) -> tuple[str, ...]:
    """Return the six points as Markdown, each with its title in front."""
    parts = (made(found), expected(found), orders(found), killers(found), unknown(found))
    said = [f"**{title}.** {' '.join(text)}" for title, text in zip(TITLES[1:], parts, strict=True)]
    return (answer(found), *said)


def beginning(points: Sequence[str]) -> str:
    """Return the points that stand above table and figures."""
    return "\n\n".join(points[:2])


def rest(points: Sequence[str]) -> str:
    """Return the points below them."""
    return "\n\n".join(points[2:])


def made(found: Decision) -> Iterator[str]:
    """Yield what the choice made against the hurdle, and how far that can be trusted."""
    had, walk = found.made, found.walk
    yield (
        f"Held from {found.first_day} to {found.last_day}, every cost paid, the position made "
        f"{words.percent(had.annualized)} a year. {first_up(lent(found))} made "
        f"{words.percent(had.hurdle_annualized)}: the hurdle that it has to beat. Counted day "
        f"by day, so that gains earn no gains, the difference, {points(had.excess.middle)} a year, "
        f"{between(had.excess, found)}."
    )
    if by := _half_made_by(found):
        yield f"Half of the difference was made by the end of {by}."
    if found.paths_count > 1:
        yield (
            f"Prices within a day are not known, so it was held on {found.paths_count} paths that "
            f"agree with every day, {_spread(found)}."
        )
    if walk.rows and walk.excess_annualized is not None:
        yield (
            "That size was chosen looking back. Chosen again and again on the days before alone, "
            f"and then held for the days that followed, it made "
            f"{more_or_less(walk.excess_annualized)} a year than the hurdle, and beat it in "
            f"{walk.beaten_count} of {words.plural(len(walk.rows), 'step')}."
        )
    else:
        yield "The past is too short to choose on one part of it and look at the next."
    if had.rival_annualized is not None:
        yield (
            "The position of the published study, equal legs whose size is never kept, made "
            f"{words.percent(had.rival_annualized)} a year on the same days."
        )


def _spread(found: Decision) -> str:
    low, high = map(words.percent, (found.made.low_annualized, found.made.high_annualized))
    return f"and all made {low}" if low == high else f"which made {low} to {high}"


def _half_made_by(found: Decision) -> str | None:
    """Return the half-year by whose end half of the excess was made; None where there is none."""
    total, so_far = sum(row.excess_return for row in found.half_years), 0.0
    for row in found.half_years:
        so_far += row.excess_return
        if total > 0 and so_far >= total / 2:
            return row.name
    return None


def explained_luck(found: Decision) -> Iterator[str]:
    """Yield how much of the choice may be luck, by the certificate's statistics."""
    luck = found.luck
    if luck.overfitting_probability is not None and luck.edge_probability is not None:
        yield (
            f"{luck.trials_count} sizes were tried. The chance that the best on one half of the "
            f"days fails on the other is {nearly(luck.overfitting_probability)} (probability of "
            "backtest overfitting). The chance that the choice has an edge, and is not the best of "
            f"so many lucky draws, is {nearly(luck.edge_probability)} (deflated Sharpe ratio)."
        )


def expected(found: Decision) -> Iterator[str]:
    """Yield what the horizon makes from now, and what it made in the past."""
    if found.ahead is not None:
        yield from _ahead(found)
    see = found.expected
    yield (
        f"Opened in any week of the past and held for {words.plural(found.horizon_days, 'day')}, "
        f"it made {words.signed_usd(see.middle_usd)} USD in the middle case, one in twenty ended "
        f"below {words.signed_usd(see.low_usd)}, one in twenty above "
        f"{words.signed_usd(see.high_usd)}. {words.share(see.beats_share, 0)} of "
        f"{words.plural(see.windows_count, 'opening')} beat the hurdle; counting only those that "
        f"do not overlap, {words.share(see.beats_low_share, 0)} to "
        f"{words.share(see.beats_high_share, 0)}."
    )
    sunk = see.liquidated_share
    seen = f"In {words.share(sunk)} a leg was" if sunk else "No leg was"
    yield (
        f"{seen} liquidated, that is, closed by its venue at a loss. The worst 30 days made "
        f"{words.signed_usd(see.worst_month_usd)} USD."
    )


def _ahead(found: Decision) -> Iterator[str]:
    """Yield the drawn futures; they are wider than the past, because its mean is known badly."""
    see = found.ahead
    if see is None:
        return
    yield (
        f"From now, {words.usd(found.capital_usd)} USD over the next "
        f"{words.plural(found.horizon_days, 'day')}: about {words.signed_usd(see.middle_usd)} USD. "
        f"One time in twenty it ends below {words.signed_usd(see.low_usd)}, one in twenty above "
        f"{words.signed_usd(see.high_usd)}."
    )
    if see.beats_share is not None:
        yield f"It beats the hurdle in {words.share(see.beats_share, 0)} of cases."
    short = f"the chance that the short is liquidated is {nearly(see.short_liquidated_share)}"
    if found.orders.debt_usd > 0:
        short += f", the loan {nearly(see.long_liquidated_share)}"
    yield (
        f"{first_up(short)}. These are {words.usd(see.paths_count)} futures drawn from the past, "
        "each at levels of funding and rates that one past leaves open."
    )


def orders(found: Decision) -> Iterator[str]:
    """Yield what to buy, owe and sell, when to look, and what it costs."""
    todo, coin = found.orders, found.asset
    if found.word in ("not worth it", "cannot be told"):
        yield "Nothing has to be done: lend the dollars. This is how the position would look."
    bought = f"Buy {coins(todo.coins)} {coin} for {words.usd(todo.long_usd)} USD"
    if todo.debt_usd > 0:
        yield (
            f"{bought}, {words.usd(todo.own_usd)} of them your own, and owe "
            f"{words.usd(todo.debt_usd)} {found.quote}."
        )
    else:
        yield f"{bought}, all of them your own."
    yield (
        f"Short {coins(todo.contracts)} {coin} with {words.usd(todo.margin_usd)} USD of margin, "
        "the deposit that bears the short's losses."
    )
    yield from _deaths(found)
    yield f"Look every {hours(found.chosen.look_hours).removeprefix('1 ')}."
    if todo.resize_below_usd is not None and todo.resize_above_usd is not None:
        cost = "" if todo.resize_usd is None else f", which costs about {fine(todo.resize_usd)} USD"
        yield (
            f"If {coin} leaves {words.price(todo.resize_below_usd)} to "
            f"{words.price(todo.resize_above_usd)}, trade both legs back to the size that the "
            f"capital carries{cost}."
        )
    yield (f"Getting in costs {fine(todo.entry_usd)} USD, getting out {fine(todo.exit_usd)}.")
    if todo.breakeven_days is None:
        yield (
            f"At the rates of {TODAY_WORDS} the position loses "
            f"{fine(-todo.carry_usd_daily)} USD a day and earns none of that back."
        )
    else:
        yield (
            f"At the rates of {TODAY_WORDS} that is earned back in "
            f"{words.plural(max(round(todo.breakeven_days), 1), 'day')}."
        )


def _deaths(found: Decision) -> Iterator[str]:
    todo = found.orders
    ends = [
        f"the {leg} at {words.price(price)} USD ({words.percent(distance, 0)})"
        for leg, price, distance in (
            ("loan", todo.long_death_usd, -(todo.long_distance or 0.0)),
            ("short", todo.short_death_usd, todo.short_distance),
        )
        if price is not None
    ]
    if todo.long_death_usd is None:
        yield "Without a loan the long cannot be liquidated."
    if ends:
        yield f"The venues close {words.join(ends)}."


def killers(found: Decision) -> Iterator[str]:
    """Yield the worst moves, replayed, and the constants that move the result most."""
    moves = [one for one in found.replays if one.kind != "funding"]
    yield (
        f"The worst moves within {hours(found.chosen.look_hours)}, met by a position opened the "
        f"day before and held for a week: {'; '.join(map(_move, moves))}, against the hurdle."
    )
    for one in found.replays:
        if one.kind == "funding":
            yield (
                f"A year of funding like the {TRAILING_DAYS} days from {one.day} "
                f"({words.percent(one.size)} a year) makes "
                f"{more_or_less(one.excess_return, 'of the capital')} than the hurdle."
            )
    if not found.assumptions:
        return
    told = [_assumption(one) for one in found.assumptions]
    turned = sum(one.is_deciding for one in found.assumptions)
    yield f"Of what is assumed, this moves the return a year most: {'; '.join(told)}."
    yield (
        "None of it turns the answer."
        if not turned
        else f"{turned} of these would put it on the other side of the hurdle."
    )


def _move(one: Replay) -> str:
    hit = "a leg was liquidated" if one.is_liquidated else "no leg liquidated"
    return (
        f"a {one.kind} of {words.share(abs(one.size), 0)} on {one.day} made "
        f"{words.percent(one.excess_return)} of the capital, {hit}"
    )


def _assumption(one: Assumption) -> str:
    ends = [end for end in (one.low_annualized, one.high_annualized) if end is not None]
    unit = " bps" if "_bps" in one.field else ""
    name = one.field.replace("_bps", "").replace("_", " ")
    told = f"{name} of {one.name.capitalize()}, {one.low:g} to {one.high:g}{unit}"
    if len(ends) < 2:
        return f"{told} (one end cannot be opened)"
    return f"{told} ({words.percent(max(ends))} to {words.percent(min(ends))})"


def unknown(found: Decision) -> Iterator[str]:
    """Yield what the data do not say, and which would."""
    see, spans = found.unknown, found.made.spans_count
    yield "Nobody knows whether funding will pay."
    if see.month_r2 is not None:
        yield (
            f"Its last week explained {explained(see.month_r2)} of how the next {TRAILING_DAYS} "
            "days differed from their mean so far."
        )
    if see.horizon_r2 is not None:
        yield (
            f"Its last {TRAILING_DAYS} days explained {explained(see.horizon_r2)} of how the next "
            f"{found.horizon_days} differed."
        )
    yield (
        f"The answer rests on one coin and {words.plural(spans, 'span')} of {found.horizon_days} "
        "days that do not overlap; more years, and other coins, would tell more."
    )
    if see.is_daily:
        yield "The bars are days: bars of an hour would show what happened within them."
    yield (
        f"{see.assumed_count} constants of the venues are assumed, not verified: small trades of "
        "one's own would tell."
    )


def paying_words(found: Decision) -> str:
    """Return in how many openings the hurdle was beaten after funding that pays, and after less."""
    paying, lean = found.paying, found.lean
    return (
        f"After {TRAILING_DAYS} days of funding above {words.share(PAYING, 0)} a year the next "
        f"{found.horizon_days} days beat the hurdle in {paying.beaten_count} of "
        f"{paying.starts_count} openings; after less, in {lean.beaten_count} of "
        f"{lean.starts_count}."
    )


def points(value: float) -> str:
    """Return a difference of two rates in percentage points."""
    return f"{words.points(value)} points"


def more_or_less(value: float, of: str = "") -> str:
    """Return a fraction as so much more, or less.

    >>> more_or_less(-0.012), more_or_less(0.03, "of the capital")
    ('1.2% less', '3.0% of the capital more')
    """
    side = "more" if value >= 0 else "less"
    return " ".join(filter(None, (words.share(abs(value)), of, side)))


def between(excess: Interval, found: Decision) -> str:
    """Return where a difference lies, and on what that rests."""
    spans = words.plural(found.made.spans_count, "span")
    basis = f"{spans} of {found.horizon_days} days that do not overlap"
    if excess.low is None or excess.high is None:
        return f"rests on {basis}: too few for an interval"
    return (
        f"lies between {words.points(excess.low)} and {words.points(excess.high)} with a "
        f"confidence of 90%, as it rests on {basis}"
    )


def explained(share: float) -> str:
    """Return a share of what was explained; nothing where a forecast was worse than the mean."""
    return words.share(share, 0) if share > 0 else "nothing"


def nearly(share: float) -> str:
    """Return a probability that is never written as certain.

    >>> nearly(0.997), nearly(0.41)
    ('above 99%', '41%')
    """
    if share > 0.99:
        return "above 99%"
    return "below 1%" if share < 0.01 else words.share(share, 0)


def first_up(text: str) -> str:
    """Return a sentence's beginning."""
    return text[:1].upper() + text[1:]


def hours(value: float) -> str:
    """Return a time between looks."""
    return words.plural(value, "hour") if value < 24 else words.plural(value / 24, "day")


def coins(value: float) -> str:
    """Return a number of coins with about five digits."""
    return words.price(value)


def fine(value: float) -> str:
    """Return USD, with cents where they are most of it."""
    return words.usd(value, 0 if abs(value) >= 10 else 2)


def plain(text: str) -> str:
    """Return a paragraph without its marks of Markdown.

    >>> plain("**The answer.** Yes.")
    'The answer. Yes.'
    """
    return text.replace("**", "")
