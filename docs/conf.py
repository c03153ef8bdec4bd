"""Sphinx settings: Markdown pages under ``docs/``, the Python API from its docstrings."""

project = "basislab"
author = "basislab contributors"
copyright = author  # noqa: A001 (the name Sphinx reads)

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = False
napoleon_use_rtype = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = "basislab"
html_static_path = ["_static"]
html_css_files = ["basislab.css"]
pygments_style = "friendly"
pygments_dark_style = "monokai"
