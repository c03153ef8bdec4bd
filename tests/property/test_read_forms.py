"""The same series in any form is the same market."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.series_files import TIMES, UNITS, Form, candles, funding, market


@st.composite
def forms(draw: st.DrawFn, columns: int, units: list[str]) -> Form:
    time = draw(st.sampled_from(sorted(TIMES)))
    separator = draw(st.sampled_from([",", ";", "\t"]))
    quoted = draw(st.booleans())
    return Form(
        time=time,
        unit=draw(st.sampled_from(units)),
        separator=separator,
        comma=draw(st.booleans()) and (separator != "," or quoted),
        packing=draw(st.sampled_from(["", "gzip", "zip"])),
        coding=draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])),
        newline=draw(st.sampled_from(["\n", "\r\n"])),
        quoted=quoted,
        order=tuple(draw(st.permutations(range(columns)))),
        extra=draw(st.booleans()),
        reversed_rows=draw(st.booleans()),
        lead=draw(st.sampled_from(["", "\n"])),
    )


@given(forms(2, sorted(UNITS)), forms(6, ["fraction"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_form_of_a_series_gives_the_same_fingerprint(rates: Form, prices: Form) -> None:
    with tempfile.TemporaryDirectory() as folder:
        plain = market(Path(folder) / "plain")
        other = market(Path(folder) / "other", candles(prices), funding(rates))
    assert plain.fingerprint == other.fingerprint
