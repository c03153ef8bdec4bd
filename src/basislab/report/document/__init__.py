"""The study as a document: chapters from templates, written as Markdown, HTML and PDF."""

from basislab.report.document.chapters import Document, build_document
from basislab.report.document.page import html_page
from basislab.report.document.text import markdown_text

__all__ = ["Document", "build_document", "html_page", "markdown_text"]
