"""A figure as a file: SVG, PNG, or a page that needs no network and fits a phone."""

from __future__ import annotations

import json
from html import escape

from basislab.report.charts.base import Figure
from basislab.report.charts.palette import LIGHT, recolour

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 16px auto; max-width: 960px; padding: 0 12px; font-family: system-ui, sans-serif;
  color: {ink}; background: {paper}; }}
h1 {{ font-size: 1.1rem; }}
#figure {{ width: 100%; }}
</style>
</head>
<body>
<h1>{title}</h1>
<div id="figure" role="img" aria-label="{alt}"></div>
<script>{bundle}</script>
<script>basislabVega.embed("#figure", {spec}, {{actions: false}});</script>
</body>
</html>
"""


def figure_file(figure: Figure, ending: str) -> bytes:
    """Return a figure of one panel as the bytes of a .svg, .png or .html file."""
    from basislab.report.render.drawing import picture, vega_bundle

    if ending != ".html":
        svg, png = picture(figure.file_specs()[0])
        return png if ending == ".png" else svg.encode()
    spec = recolour(figure.specs()[0], LIGHT)
    spec["config"]["legend"] |= {
        "disable": not figure.legend,
        "layout": {"bottom": {"direction": "vertical", "anchor": "start"}},  # a phone is narrow
    }
    return PAGE.format(
        title=escape(figure.title),
        alt=escape(figure.alt, quote=True),
        ink=LIGHT["ink"],
        paper=LIGHT["paper"],
        bundle=vega_bundle(),
        spec=json.dumps(spec, allow_nan=False).replace("<", "\\u003c"),
    ).encode()
