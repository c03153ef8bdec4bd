"""Pictures drawn by processes of their own: the renderer holds Python's lock while it draws.

This module imports nothing that is slow to load, because every drawing process imports it.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from basislab.errors import BasisLabError

PNG_SCALE = 1.5
"""Pixels of a PNG for every pixel of its SVG."""

MAX_PROCESSES = 4
"""A process costs some hundred megabytes and half a second before it draws its first line."""

_DEFINED = re.compile(r'id="((?:clip|gradient_)\d+)"')
_NAMED = re.compile(r'(id="|url\(#)((?:clip|gradient_)\d+)')

Spec = dict[str, Any]
Picture = tuple[str, bytes]
"""SVG text and PNG."""


@dataclass(frozen=True)
class Drawing:
    """Drawing processes at work; made by `drawing_processes`.

    Parameters
    ----------
    bundle : Future of str
        From `vega_bundle`; asked for first, because every page needs it.
    """

    executor: Executor
    bundle: Future[str]

    def pictures(self, specs: Sequence[Spec]) -> Iterator[Picture]:
        """Draw Vega-Lite specifications.

        Raises
        ------
        BasisLabError
            A drawing process was ended from outside.
        """
        try:
            yield from self.executor.map(picture, specs)
        except BrokenProcessPool:
            raise _ended() from None

    def scripts(self) -> str:
        """Return the scripts of a page.

        Raises
        ------
        BasisLabError
            A drawing process was ended from outside.
        """
        try:
            return self.bundle.result()
        except BrokenProcessPool:
            raise _ended() from None


@contextmanager
def drawing_processes() -> Iterator[Drawing]:
    """Start processes that draw, while the caller computes what is to be drawn.

    What was not begun when the block ends is dropped.
    """
    workers = min(MAX_PROCESSES, os.cpu_count() or 1)
    executor = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_leave_interrupts)
    try:
        bundle = executor.submit(vega_bundle)
        for _ in range(workers - 1):
            executor.submit(_warm_up)
        yield Drawing(executor, bundle)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _ended() -> BasisLabError:
    return BasisLabError(
        "figures: a process that draws them was ended from outside, often for want of memory. "
        "Nothing that was there before is damaged; run again with more memory free."
    )


def _leave_interrupts() -> None:
    """Ctrl-C is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _warm_up() -> None:
    """Draw a point: what the renderer loads for its first picture is there for the others."""
    point = {"data": {"values": [{}]}, "mark": "point", "encoding": {}}
    picture(point)


def picture(spec: Spec) -> Picture:
    """Draw one Vega-Lite specification."""
    import vl_convert

    svg = numbered(vl_convert.vegalite_to_svg(spec))
    return svg, vl_convert.svg_to_png(svg, scale=PNG_SCALE)


def numbered(svg: str) -> str:
    """Count an SVG's clip paths and gradients from one; the renderer counts on between pictures.

    Examples
    --------
    >>> numbered('<clipPath id="clip7"/><g clip-path="url(#clip7)"/><clipPath id="clip9"/>')
    '<clipPath id="clip1"/><g clip-path="url(#clip1)"/><clipPath id="clip2"/>'
    """
    own = {name: str(number) for number, name in enumerate(_DEFINED.findall(svg), start=1)}
    return _NAMED.sub(lambda match: match[1] + re.sub(r"\d+$", own[match[2]], match[2]), svg)


def vega_bundle() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script that leaves a single name behind."""
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.basislabVega={embed:vegaEmbed,vega};")
    return "(function(){" + bundle.replace("</script", "<\\/script") + "})();"
