"""The document on paper: the page's print style, set by WeasyPrint."""

from __future__ import annotations

from basislab.errors import ConfigError


def pdf(html: str) -> bytes:
    """Return a page for paper as a PDF.

    Raises
    ------
    ConfigError
        WeasyPrint, or a library of the system that it needs, is missing.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:
        raise ConfigError(
            f"--pdf: WeasyPrint cannot be loaded ({error}). Install the extra: "
            "pip install 'basislab[pdf]', and pango (Debian, Ubuntu: apt install libpango-1.0-0 "
            "libpangoft2-1.0-0)."
        ) from None
    only_inline = URLFetcher(allowed_protocols=("data",))
    written: bytes = HTML(string=html, url_fetcher=only_inline).write_pdf()
    return written
