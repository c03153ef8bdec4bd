"""What real hours say of the inside of a day: written by `benchmarks/bridge.py`."""

HOUR_WEIGHTS = (
    1.18, 1.22, 0.98, 0.76, 0.66, 0.68, 0.68, 0.73, 0.89, 0.78, 0.68, 0.70,
    0.88, 1.30, 1.76, 1.69, 1.20, 1.35, 1.06, 1.08, 0.98, 0.95, 1.05, 0.80,
)  # fmt: skip
"""Each UTC hour's share in the variance of a day, times 24."""

WIDTHS = (0.07, 0.10, 0.15)
"""log(high / low) of a day at which the next level begins."""

KINDS = (
    ((0.45, 0.3), (0.7, 0.0)),
    ((0.45, 0.0), (0.45, 0.65)),
    ((0.2, 0.8), (1.0, 0.3)),
    ((0.12, 0.9), (0.45, 0.3)),
)
"""For each level two kinds of walks: gamma shape of the clock, share left out."""

NEARNESS = (("near", 0.05), ("middle", 0.15), ("far", float("inf")))
"""Class of a trade, and below which distance to liquidation it ends."""

WIDENING = {"near": 1.25, "middle": 1.15, "far": 1.0}
"""By how much the lower half of the band of each class is widened."""
