"""Sphinx settings: one page per Markdown file under ``docs/``."""

project = "basislab"
author = "basislab contributors"
copyright = author  # noqa: A001 (the name Sphinx reads)

extensions = ["myst_parser"]
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "basislab"
