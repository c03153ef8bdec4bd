"""The study's models again, straight from docs/models.md: dicts and floats, no shared code.

Slow and plain on purpose. Every function returns ``curve`` (equity at the closes), ``final``,
``ledger``, ``events`` (day, kind, leg or reason) and ``doubt``: how near, as a share of the capital
or of the compared number, the nearest of all decisions was to going the other way. Two correct
programs may differ where that is a rounding error.
"""

from __future__ import annotations

YEAR = 365


class Books:
    """The ledger, the events and the nearest decision of one run."""

    def __init__(self):
        names = ("carry", "funding", "fees", "penalty", "revaluation", "shortfall")
        self.ledger = dict.fromkeys(names, 0.0)
        self.events = []
        self.doubt = 1.0

    def add(self, name, amount):
        self.ledger[name] += amount

    def event(self, day, kind, why=None):
        self.events.append((day, kind, why))

    def above(self, left, right, scale):
        """Whether left > right; remembers how near a call it was."""
        self.doubt = min(self.doubt, abs(left - right) / max(abs(scale), 1e-300))
        return left > right

    def result(self, curve, final):
        return {
            "curve": curve,
            "final": final,
            "ledger": self.ledger,
            "events": self.events,
            "doubt": self.doubt,
        }


def long_equity(state, price):
    return state["sol_qty"] * price - state["usdc_debt"]


def short_equity(state, price):
    return state["short_margin"] + state["short_contracts"] * (state["short_entry"] - price)


def fresh(capital, leverage, price):
    """Both halves opened at `price`, before fees."""
    coins = capital / 2 * leverage / price
    return {
        "sol_qty": coins,
        "usdc_debt": capital / 2 * (leverage - 1),
        "short_contracts": coins,
        "short_entry": price,
        "short_margin": capital / 2,
    }


def accrue(books, state, day, last_close):
    """Mark the net coins to the new close, then accrue interest and funding."""
    coins = state["sol_qty"] - state["short_contracts"]
    books.add("revaluation", coins * (day["close"] - last_close))
    earned = state["sol_qty"] * day["lend"]
    interest = state["usdc_debt"] * day["borrow"]
    books.add("carry", earned * day["close"] - interest)
    state["sol_qty"] += earned
    state["usdc_debt"] += interest
    pay = day["funding"] * state["short_contracts"] * day["close"]
    state["short_margin"] += pay
    books.add("funding", pay)


def rebalance(days, p):  # noqa: C901 - the page's steps, in its order
    """Capital rebalance, steps 1 to 5, ruin included."""
    books, capital, leverage = Books(), p["capital"], p["leverage"]
    price = days[0]["close"]
    notional = capital / 2 * leverage
    fees = min(notional * (p["open_fee"] + p["taker_fee"]) + p["gas"], capital)
    books.add("fees", -fees)
    books.event(0, "open")
    state = fresh(capital, leverage, price)
    state["usdc_debt"] += fees / 2
    state["short_margin"] -= fees / 2
    curve, is_ruined = [], False
    if not books.above(capital - fees, 0.0, capital):
        books.event(0, "ruined")
        is_ruined = True
    for number, day in enumerate(days):
        if is_ruined:
            curve.append(0.0)
            continue
        close = day["close"]
        accrue(books, state, day, price)
        price = close
        equity = {"long": long_equity(state, close), "short": short_equity(state, close)}
        held = {"long": state["sol_qty"] * close, "short": state["short_contracts"] * close}
        at_low, at_high = state["sol_qty"] * day["low"], state["short_contracts"] * day["high"]
        hit = []
        if not books.above(long_equity(state, day["low"]), p["maintenance"] * at_low, capital):
            hit.append("long")
        if not books.above(short_equity(state, day["high"]), p["maintenance"] * at_high, capital):
            hit.append("short")
        if hit:
            for leg in hit:
                there = equity[leg]
                if p["penalty_kind"] == "equity":
                    penalty = max(p["penalty_rate"] * there, 0.0)
                else:
                    penalty = min(p["penalty_rate"] * held[leg], max(there, 0.0))
                books.add("penalty", -penalty)
                books.add("shortfall", max(-there, 0.0))
                equity[leg] = max(there, 0.0) - penalty
            total = equity["long"] + equity["short"]
            fees = total / 2 * leverage * (p["open_fee"] + p["taker_fee"])
            fees += held["short"] * p["taker_fee"] + p["gas"]
            is_ruined = fees >= total
            fees = min(fees, total)
            books.add("fees", -fees)
            books.event(number, "liquidation", "both" if len(hit) == 2 else hit[0])
            if is_ruined:
                books.event(number, "ruined")
                curve.append(0.0)
                continue
            books.event(number, "reopen")
            state = fresh(total - fees, leverage, close)
        else:
            total = equity["long"] + equity["short"]
            highest = max(
                999.0 if equity[leg] <= 0 else held[leg] / max(equity[leg], 1.0)
                for leg in ("long", "short")
            )
            amount = equity["long"] - total / 2
            is_stretched = books.above(highest, p["trigger"], p["trigger"])
            if is_stretched and books.above(abs(amount), 5.0, capital):
                cost = min(p["transfer_cost"], total)
                state["usdc_debt"] += amount + cost / 2
                state["short_margin"] += amount - cost / 2
                books.add("fees", -cost)
                books.event(number, "rebalance")
                if p["transfer_cost"] >= total:
                    books.event(number, "ruined")
                    is_ruined = True
                    curve.append(0.0)
                    continue
        curve.append(long_equity(state, close) + short_equity(state, close))
    if is_ruined:
        return books.result(curve, 0.0)
    closing = min(state["short_contracts"] * price * p["taker_fee"], curve[-1])
    books.add("fees", -closing)
    return books.result(curve, curve[-1] - closing)


def rotation(days, p):  # noqa: C901 - the page's steps, in its order
    """Full rotation: every exit rule, a later one replacing an earlier one."""
    books, cash, leverage = Books(), p["capital"], p["leverage"]
    is_open, is_ruined, window, curve = False, False, [], []
    for number, day in enumerate(days):
        if is_ruined:
            curve.append(0.0)
            continue
        if not is_open:
            if number == 0 or books.above(cash, 100.0, 100.0):
                notional = cash / 2 * leverage
                fees = notional * (p["open_fee"] + 2 * p["taker_fee"]) + p["gas"]
                is_ruined = fees >= cash
                fees = min(fees, cash)
                books.add("fees", -fees)
                books.event(number, "open")
                cash -= fees
                is_open = True
                long_price = day["close"] * (1 - (1 - p["maintenance"]) / leverage)
                short_price = day["close"] * (1 + (1 - p["maintenance"]) / leverage)
        else:
            notional = cash / 2 * leverage
            carry = notional * day["lend"] - (notional - cash / 2) * day["borrow"]
            funding = day["funding"] * notional
            books.add("carry", carry)
            books.add("funding", funding)
            window.append((carry + funding) / cash)
            cash += carry + funding
            if not books.above(cash, 0.0, p["capital"]):
                is_ruined = True
            else:
                reason = None
                if not books.above(day["low"], long_price, day["low"]):
                    reason = "liquidation_long"
                elif books.above(p["buffer"], (day["low"] - long_price) / day["low"], 1.0):
                    reason = "buffer_long"
                if not books.above(short_price, day["high"], day["high"]):
                    reason = "liquidation_short"
                elif books.above(p["buffer"], (short_price - day["high"]) / day["high"], 1.0):
                    reason = "buffer_short"
                if p["min_apy"] is not None and len(window) >= 7:
                    mean = sum(window[-7:]) / 7 * YEAR
                    if books.above(p["min_apy"], mean, 1.0):
                        reason = "min_apy"
                if reason is not None:
                    is_open = False
                    if reason.startswith("liquidation"):
                        penalty = p["rotation_penalty"] * cash
                        books.add("penalty", -penalty)
                        cash -= penalty
                        books.event(number, "liquidation_penalty")
                    books.event(number, "close", reason)
                    is_ruined = cash <= 0.0
        if is_ruined:
            books.event(number, "ruined")
            books.add("shortfall", max(-cash, 0.0))
            cash = 0.0
        curve.append(cash)
    return books.result(curve, cash)


def conditional(days, p):  # noqa: C901 - the page's steps, in its order
    """Conditional deployment; rates of the page in percent become fractions here."""
    books, cash, leverage = Books(), p["capital"], p["leverage"]
    state, curve, is_ruined, yields, price = None, [], False, [], 0.0
    for number, day in enumerate(days):
        close = day["close"]
        gross = leverage / 2 * (day["lend"] + day["funding"]) - (leverage - 1) / 2 * day["borrow"]
        yields.append(gross * YEAR)
        recent = yields[-p["lookback_days"] :]
        mean = sum(recent) / len(recent)
        if is_ruined:
            curve.append(0.0)
            continue
        if state is None:
            if books.above(mean, p["entry_apy"], 1.0):
                notional = cash / 2 * leverage
                fees = notional * (p["open_fee"] + p["taker_fee"]) + p["gas"]
                is_ruined = fees >= cash
                fees = min(fees, cash)
                books.add("fees", -fees)
                books.event(number, "open")
                state = fresh(cash, leverage, close)
                state["usdc_debt"] += fees / 2
                state["short_margin"] -= fees / 2
                cash = 0.0
        else:
            accrue(books, state, day, price)
            equity = long_equity(state, close) + short_equity(state, close)
            if not books.above(equity, 0.0, p["capital"]):
                books.add("shortfall", -equity)
                is_ruined = True
            else:
                keep = 1 - p["maintenance"]
                long_price = state["usdc_debt"] / (state["sol_qty"] * keep)
                backing = state["short_margin"] + state["short_contracts"] * state["short_entry"]
                short_price = backing / (state["short_contracts"] * (1 + p["maintenance"]))
                near = min(close - long_price, short_price - close) / close
                reason = None
                if not books.above(near, p["buffer"], 1.0):
                    reason = "liquidation_proximity"
                elif books.above(p["entry_apy"], mean, 1.0):
                    reason = "apy"
                if reason is not None:
                    fees = state["short_contracts"] * close * p["taker_fee"] + p["gas"]
                    is_ruined = fees >= equity
                    fees = min(fees, equity)
                    books.add("fees", -fees)
                    books.event(number, "close", reason)
                    cash, state = equity - fees, None
        price = close
        if is_ruined:
            books.event(number, "ruined")
            cash, state = 0.0, None
        curve.append(
            cash + (long_equity(state, close) + short_equity(state, close) if state else 0.0)
        )
    final = curve[-1]
    if state is not None:
        closing = min(state["short_contracts"] * price * p["taker_fee"], final)
        books.add("fees", -closing)
        final -= closing
    return books.result(curve, final)
