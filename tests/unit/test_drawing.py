"""Pictures drawn by other processes: the same bytes in the same order, or an error that says so."""

import os
import signal

import pytest

from basislab.errors import BasisLabError
from basislab.report.render.drawing import drawing_processes, numbered, picture, vega_bundle


def bars(count):
    """Bars in a window: a chart whose SVG defines a clip path."""
    return {
        "data": {"values": [{"x": number, "y": number * number} for number in range(count)]},
        "mark": {"type": "bar", "clip": True},
        "encoding": {
            "x": {"field": "x", "type": "quantitative"},
            "y": {"field": "y", "type": "quantitative"},
        },
    }


def test_processes_draw_in_order_what_one_process_draws():
    specs = [bars(count) for count in range(1, 7)]
    with drawing_processes() as drawing:
        drawn = list(drawing.pictures(specs))
    assert drawn == [picture(spec) for spec in specs]
    assert len({svg for svg, _ in drawn}) == len(specs)


def test_a_picture_is_the_same_whatever_was_drawn_before():
    first = picture(bars(3))
    picture(bars(5))
    assert "clip1" in first[0]
    assert picture(bars(3)) == first


def test_numbers_follow_the_order_of_definition_and_leave_text_alone():
    svg = '<text>clip12 id</text><clipPath id="clip12"/><g clip-path="url(#clip12)"/>'
    assert numbered(svg) == svg.replace("#clip12", "#clip1").replace('"clip12"', '"clip1"')


def test_scripts_come_from_the_processes_unchanged():
    with drawing_processes() as drawing:
        assert drawing.scripts() == vega_bundle()


def test_a_drawing_process_that_is_killed_is_an_error_in_words():
    with drawing_processes() as drawing:
        drawing.scripts()
        for process in list(drawing.executor._processes.values()):
            os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(BasisLabError, match="run again with more memory"):
            list(drawing.pictures([bars(3)] * 20))
