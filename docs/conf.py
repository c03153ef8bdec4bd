"""Sphinx settings: Markdown pages under ``docs/``, the Python API from its docstrings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils.nodes import SkipNode
from latex2mathml.converter import convert

if TYPE_CHECKING:
    from docutils.nodes import Element
    from sphinx.application import Sphinx

project = "basislab"
author = "basislab contributors"
copyright = author  # noqa: A001 (the name Sphinx reads)

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
smartquotes = False  # `--option` in a sentence stays as it is typed

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings say shape and unit too
napoleon_google_docstring = False
napoleon_use_rtype = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

html_theme = "furo"
html_math_renderer = "mathml"  # MathJax would be fetched from elsewhere when a page is read
html_title = "basislab"
html_static_path = ["_static"]
html_css_files = ["basislab.css"]
pygments_style = "friendly"
pygments_dark_style = "monokai"


def keep_colons(
    _app: Sphinx, what: str, _name: str, _thing: Any, _options: Any, lines: list[str]
) -> None:
    """Keep napoleon from reading ``one sentence: its end`` of a property as a type."""
    if what == "property":
        lines[:0] = ["..", ""]  # an empty comment: the first line has no colon then


def write_inline(writer: Any, node: Element) -> None:
    """Write a formula within a line as MathML."""
    writer.body.append(convert(node.astext()))
    raise SkipNode


def write_block(writer: Any, node: Element) -> None:
    """Write a formula on its own line as MathML."""
    writer.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise SkipNode


def setup(app: Sphinx) -> None:
    """Connect before napoleon, whose priority is the default one; formulas need no script."""
    app.connect("autodoc-process-docstring", keep_colons, priority=400)
    app.add_html_math_renderer("mathml", (write_inline, None), (write_block, None))
