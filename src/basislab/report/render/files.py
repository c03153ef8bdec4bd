"""Everything that a study writes beside its facts, as names and bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from basislab.report.render.document import Document
from basislab.report.render.downloads import download_files
from basislab.report.render.drawing import Drawing, drawing_processes
from basislab.report.render.markdown import FIGURE_FOLDER, file_names, markdown_text
from basislab.report.render.page import Drawn, html_page

Progress = Callable[[str], None]


def document_files(
    document: Document,
    *,
    drawing: Drawing | None = None,
    with_pdf: bool = False,
    progress: Progress | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Yield name below the study's folder and content; `drawing` may have been started earlier.

    Raises
    ------
    ConfigError
        A PDF is asked for and the extra is not installed.
    """
    say = progress or (lambda _: None)
    yield "study.md", markdown_text(document).encode()
    yield from download_files(document.downloads).items()
    say("drawing the figures")
    with ExitStack() as stack:
        drawing = drawing or stack.enter_context(drawing_processes())
        shown = document.shown()
        names = [name for figure in shown for name in file_names(document, figure.key)]
        specs = [spec for figure in shown for spec in figure.file_specs()]
        pictures = drawing.pictures(specs)
        yield "study.html", html_page(document, bundle=drawing.scripts()).encode()
        for name, (svg, image) in zip(names, pictures, strict=True):
            yield f"{FIGURE_FOLDER}/{name}.svg", svg.encode()
            yield f"{FIGURE_FOLDER}/{name}.png", image
    if with_pdf:
        from basislab.report.render.paper import pdf

        say("writing the PDF")
        yield "study.pdf", pdf(paper_page(document))


def paper_page(document: Document) -> str:
    """Return a document as a page for paper, its figures drawn."""
    return html_page(document, drawn=_for_paper(document))


def picture_files(document: Document) -> Iterator[tuple[str, bytes]]:
    """Yield the figures of a small document as SVG, by their name beside its Markdown."""
    import vl_convert

    for figure in document.shown():
        names = file_names(document, figure.key)
        for name, spec in zip(names, figure.file_specs(), strict=True):
            yield f"{FIGURE_FOLDER}/{name}.svg", vl_convert.vegalite_to_svg(spec).encode()


def _for_paper(document: Document) -> Drawn:
    """Draw the figures without titles: on paper the caption stands beside them."""
    import vl_convert

    return {
        figure.key: [
            vl_convert.vegalite_to_svg(spec) for spec in figure.file_specs(is_titled=False)
        ]
        for figure in document.shown()
    }
