# %% [markdown]
# # A walk through the API
#
# A script with cells: run it with `python examples/walkthrough.py`, or open it in Jupyter
# (through jupytext), VS Code or Spyder and step through it. It needs no network. Every number
# that you see is computed while you watch; the prose holds none.

# %%
from dataclasses import replace

import pandas as pd

import basislab as bl
from basislab.data import check
from basislab.research import breakeven

pd.set_option("display.width", 100, "display.max_columns", 20, "display.precision", 2)

# %% [markdown]
# ## A market
#
# A market is an immutable value: one coin, one regular grid in UTC, prices, funding by venue,
# lending and borrowing rates by protocol. Its fingerprint changes with any number in it, so that
# a result can be traced to its data. The built-in sample is the one of the feasibility study.

# %%
market = bl.load_market()
print(market.name, market.asset, market.quote, len(market), "days")
print(market.fingerprint)
print(
    "funding of", *market.funding, "- lending at", *dict.fromkeys(key[0] for key in market.supply)
)

# %% [markdown]
# No data are perfect. The same check that the command line has says what is odd here.

# %%
for finding in check(market).findings:
    print(f"{finding.severity:<8} {finding.when:%Y-%m-%d}  {finding.rule}")

# %% [markdown]
# ## One run
#
# The realistic model: equal halves of the capital behind each leg, and capital moved between them
# when one leg's effective leverage passes the trigger, by default twice the leverage.

# %%
result = bl.backtest(market, bl.RebalanceConfig(capital_usd=10_000, leverage=3))
print(result.summary())

# %% [markdown]
# Read the hurdle before the return. It is what the borrowed coin would have earned over the same
# days had it been supplied to the same reserve: no leverage, no second venue, no liquidation. The
# ledger then says why the trade fell short of it. Its accounts are measured where they arise and
# must sum to the change of equity.

# %%
ledger = pd.Series(result.ledger.to_dict(), name="USD")
print(ledger.to_string())
print(f"\nsum of the accounts      {ledger.sum():+.2f}")
print(f"final less initial       {result.final_usd - result.initial_usd:+.2f}")

# %% [markdown]
# A result draws itself: equity beside the hurdle, with what happened on the way. In a notebook the
# last line of a cell shows the chart; `.save("equity.html")` keeps it. `result.plot("drawdown")`
# and `result.plot("legs")` draw the loss from the peak and the leverage of both legs.

# %%
result.plot()

# %% [markdown]
# The same ledger as a waterfall, from income over costs to what is left, with the hurdle below.

# %%
result.plot("waterfall")

# %% [markdown]
# What happened, and when. A liquidation is an event and not an exception.

# %%
columns = ["time", "kind", "leg", "price_usd", "moved_usd", "penalty_usd", "equity_usd"]
events = result.events[columns].assign(time=result.events["time"].dt.date)
print(events.fillna({"leg": ""}).to_string(index=False))

# %% [markdown]
# ## The models side by side
#
# Static is a ceiling that nobody can trade: it has no liquidation. What it earns above the hurdle
# is all that there is to win; what lies between it and the rebalance model is the price of
# staying alive.

# %%
MODELS = (bl.StaticConfig, bl.RebalanceConfig, bl.RotationConfig, bl.ConditionalConfig)
rows = []
for leverage in (2, 3, 4):
    for config_type in MODELS:
        run = bl.backtest(market, config_type(leverage=leverage))
        rows.append((leverage, run.model, 100 * run.excess_return))
table = pd.DataFrame(rows, columns=["leverage", "model", "points against the hurdle"])
print(table.pivot_table(index="model", columns="leverage", sort=False).to_string())

# %% [markdown]
# ## Which trigger?
#
# The tempting question. Here is every whole trigger at twofold leverage, run side by side. Look at
# the neighbours before looking at the best: where the result jumps from one to the next, it was
# decided by whether a single liquidation happened on this path, and the best of them is a
# description of the past.

# %%
triggers = [*range(3, 13), None]
sweep = bl.sweep(market, bl.RebalanceConfig(leverage=2), trigger=triggers)
sweep["points"] = 100 * sweep["excess_return"]
print(sweep[["trigger", "points", "rebalances", "liquidations"]].to_string(index=False))

# %% [markdown]
# A sweep is a DataFrame that draws itself too: of one field a line, of two a map.

# %%
both = bl.sweep(market, bl.RebalanceConfig(leverage=2), leverage=[2, 2.5, 3, 3.5], trigger=triggers)
both.plot()

# %% [markdown]
# ## What else could have happened?
#
# One history is one draw. A joint bootstrap puts whole days of it together in other orders, so that
# prices, funding and rates stay together, and runs the same configurations over each path. It knows
# no day that the history does not have. The history error says how much the answer hangs on having
# one history only; here it is left out for speed.

# %%
risk = bl.montecarlo(
    market,
    bl.RebalanceConfig(leverage=2),
    trigger=[3, 4, 5, 6],
    paths=500,
    block_days=20,
    block_check=False,
    history_error=False,
)
chosen = ["trigger", "return_p05", "return_p50", "return_p95"]
chosen += ["beats_hurdle_probability", "liquidation_365d"]
print(risk.summary[chosen].to_string(index=False))

# %% [markdown]
# The fan of one of them: between which equities the paths lie, day by day. The dashed line is the
# capital.

# %%
risk.plot(config=2)

# %% [markdown]
# ## Which day to start?
#
# A second look at luck: the same run, begun on the first day of each month. Each line has another
# hurdle, because each covers other days; the excess is against its own.

# %%
starts = pd.date_range("2025-01-01", "2025-08-01", freq="MS")
for day in starts:
    run = bl.backtest(market, bl.RebalanceConfig(leverage=2), start=f"{day:%Y-%m-%d}")
    liquidations = run.counts["liquidations"]
    print(f"{run.start}  {100 * run.excess_return:+6.1f} points, liquidations: {liquidations}")

# %% [markdown]
# The study asks the same of every start day at once, on constant notional: how often would a
# position of some holding period have paid for its round trip, and how often would it have beaten
# the hurdle? Neighbouring starts share almost all their days, so these are far fewer independent
# observations than there are starts.

# %%
small = bl.StaticConfig(leverage=3, capital_usd=1_000)
days = [f"{time:%Y-%m-%d}" for time in pd.DatetimeIndex(market.times)]
for held in (7, 30, 90):
    runs = [
        bl.backtest(market, small, start=first, end=last)
        for first, last in zip(days, days[held - 1 :], strict=False)
    ]
    won = sum(run.total_return > 0 for run in runs) / len(runs)
    beat = sum(run.excess_return > 0 for run in runs) / len(runs)
    print(f"held {held:>2} days, {len(runs)} starts: {won:6.1%} won, {beat:6.1%} beat the hurdle")

# %% [markdown]
# ## Forgiven losses
#
# The study's convention sets equity below zero to nothing at a liquidation. Somebody would have
# to pay that. The ledger books it in the open as `shortfall`; take it away, and see what is left.

# %%
drift = bl.backtest(market, bl.RebalanceConfig(leverage=4, perp="drift-study"))
strict = drift.ledger.total - drift.ledger.shortfall
print(f"as the convention has it  {drift.ledger.total:+10.2f} USD")
print(f"forgiven                  {drift.ledger.shortfall:+10.2f} USD")
print(f"without that              {strict:+10.2f} USD")
print(*drift.warnings, sep="\n")

# %% [markdown]
# ## Another venue, another fee
#
# Constants of a venue are data. A preset says of each where it comes from; replace what you know
# better.

# %%
venue = bl.load_venue("hyperliquid-study")
for taker_fee_bps in (2.5, 3.5, 4.5):
    own = replace(venue, taker_fee_bps=taker_fee_bps)
    run = bl.backtest(market, bl.RebalanceConfig(leverage=2, trigger=5, perp=own))
    print(f"taker fee {taker_fee_bps} bps: {run.ledger.trading_fees:+.2f} USD of fees, ", end="")
    print(f"{100 * run.excess_return:+.2f} points")

# %% [markdown]
# ## Break-even, without a simulation
#
# How far may the price go, and what must the funding be, for the trade to be worth anything at
# all? The short binds first at every leverage.

# %%
for leverage in (2, 3, 4):
    down = breakeven.long_liquidation_distance(leverage, venue.maintenance_margin)
    up = breakeven.short_liquidation_distance(leverage, venue.maintenance_margin)
    gross = breakeven.gross_apy(leverage, supply_apy=0.05, borrow_apy=0.07, funding_apy=0.04)
    print(f"{leverage}x: gross {gross:.1%} a year; long dies {down:.1%} down, short {up:.1%} up")

# %% [markdown]
# ## Where next
#
# `bl.run` takes scenarios, the same that files hold. `result.to_dict()` is what the command line
# writes. [The models](models.md) say what is simulated and where it is naive, [reading the
# report](reading-the-report.md) what must not be concluded from it.
