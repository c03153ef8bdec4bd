"""Everything that a study writes beside its facts, as names and bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from basislab.report.document.chapters import Document
from basislab.report.document.page import Drawn, html_page, vega_bundle
from basislab.report.document.text import FIGURE_FOLDER, file_names, markdown_text
from basislab.report.downloads import download_files
from basislab.report.figures import Figure

PNG_SCALE = 1.5
"""Pixels of a PNG for every pixel of its SVG."""

Progress = Callable[[str], None]


def document_files(
    document: Document, *, with_pdf: bool = False, progress: Progress | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a document.

    Parameters
    ----------
    document : Document
    with_pdf : bool
        Needs the extra ``pdf``.
    progress : callable of str, optional
        Told what is made.

    Yields
    ------
    (str, bytes)
        Name below the study's folder, content.

    Raises
    ------
    ConfigError
        A PDF is asked for and the extra is not installed.
    """
    say = progress or (lambda _: None)
    yield "study.md", markdown_text(document).encode()
    yield from download_files(document.downloads).items()
    say("drawing the figures")
    figures = document.shown()
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        bundle = pool.submit(vega_bundle)
        pictures = pool.map(_pictures, figures)
        for figure, panels in zip(figures, pictures, strict=True):
            for name, (svg, image) in zip(file_names(document, figure.key), panels, strict=True):
                yield f"{FIGURE_FOLDER}/{name}.svg", svg.encode()
                yield f"{FIGURE_FOLDER}/{name}.png", image
        yield "study.html", html_page(document, bundle=bundle.result()).encode()
    if with_pdf:
        from basislab.report.document.paper import pdf

        say("writing the PDF")
        yield "study.pdf", pdf(html_page(document, drawn=_for_paper(document)))


def _for_paper(document: Document) -> Drawn:
    """Draw the figures without titles: on paper the caption stands beside them."""
    import vl_convert

    return {
        figure.key: [
            vl_convert.vegalite_to_svg(spec) for spec in figure.file_specs(is_titled=False)
        ]
        for figure in document.shown()
    }


def _pictures(figure: Figure) -> list[tuple[str, bytes]]:
    """Draw a figure on light paper: SVG and PNG of every panel; outside Python's lock."""
    import vl_convert

    drawn = [vl_convert.vegalite_to_svg(spec) for spec in figure.file_specs()]
    return [(svg, vl_convert.svg_to_png(svg, scale=PNG_SCALE)) for svg in drawn]
