"""Files that a document hands out: inside the page, packed, and beside it as they are."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from typing import NamedTuple

FOLDER = "data"
"""Where the files lie beside the document."""


class Download(NamedTuple):
    """A file of text, and what it holds in words."""

    text: str
    what: str


def download_files(downloads: Mapping[str, Download]) -> dict[str, bytes]:
    """Return the files by their name below the document's folder."""
    return {f"{FOLDER}/{name}": each.text.encode() for name, each in downloads.items()}


def packed_link(text: str) -> str:
    """Return a text as a link that holds it: gzip, so that a page stays small.

    A browser without scripts saves the packed file, which pandas reads as it is.

    Examples
    --------
    >>> packed_link("day").startswith("data:application/gzip;base64,")
    True
    """
    # No time of packing: equal data give an equal page.
    return (
        "data:application/gzip;base64,"
        + b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()
    )


def downloads_html(downloads: Mapping[str, Download], *, is_paper: bool) -> str:
    """Return the files as a list of links; on paper their names."""
    items = []
    for name, each in downloads.items():
        shown = escape(name)
        link = f'<a href="{packed_link(each.text)}" download="{shown}.gz" data-file="{shown}">'
        named = shown if is_paper else f"{link}{shown}</a>"
        items.append(f"<li>{named}: {escape(each.what)}</li>")
    return f'<ul class="files">{"".join(items)}</ul>'


def downloads_markdown(downloads: Mapping[str, Download]) -> str:
    """Return the files as a list of links to where they lie beside the document.

    Examples
    --------
    >>> downloads_markdown({"a.csv": Download("day", "the days")})
    '- [a.csv](data/a.csv): the days'
    """
    return "\n".join(
        f"- [{name}]({FOLDER}/{name}): {each.what}" for name, each in downloads.items()
    )
