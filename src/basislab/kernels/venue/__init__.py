"""The venue engine: real liquidations, four prices, nothing forgiven unseen (docs/venue-engine.md).

`params` holds what is decided and what the venues rule, `bars` what a step may see, `ledger` the
books; `perp` and `lending` are the liquidation state machines, `accrue` interest and funding,
`transfers` moving capital, `trades` opening and unwinding, `policies` what to do, `within` the path
inside a bar, `study` the study's conventions, `size` the notional that is kept, `room` how far it
can be restored now, `resize` doing it, `faults` what goes wrong, `step` puts them together.
"""
