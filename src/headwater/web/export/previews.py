"""Previews of artifacts in an exported run: tables, pictures, histograms, trees, texts."""

import re

import msgspec

from headwater.model.artifact import Header
from headwater.web.export.charts import draw_histogram
from headwater.web.export.markup import Markup, element

_BASE64 = re.compile(r"[A-Za-z0-9+/=]{1,65536}")


def show_preview(header: Header | None) -> Markup:
    """Show what a task wrote of a value; what is not as it should be is shown as the data that it is."""
    if header is None or header.preview is None:
        return element("p", "no preview was kept", class_="soft")
    preview = header.preview
    if isinstance(preview, str):
        return element("pre", preview)
    if isinstance(preview, dict):
        shown = _shown(header.kind, preview)
        if shown is not None:
            return shown
    return element("pre", msgspec.json.format(msgspec.json.encode(preview), indent=2).decode())


def _shown(kind: str, preview: dict[str, object]) -> Markup | None:
    if kind == "table":
        return _table(preview.get("columns"), preview.get("rows"))
    if kind == "image":
        picture = preview.get("png")
        if isinstance(picture, str) and _BASE64.fullmatch(picture):
            return element("img", src=f"data:image/png;base64,{picture}", alt="")
    if kind == "histogram":
        counts = preview.get("counts")
        if isinstance(counts, list) and counts and all(isinstance(count, int | float) for count in counts):
            told = f"mean {preview.get('mean')}, {preview.get('missing')} missing, {preview.get('sampled')} looked at"
            drawn = draw_histogram(counts, preview.get("min"), preview.get("max"))
            return element("div", drawn, element("p", told, class_="soft"))
    if kind == "html":
        return element("p", f"a page of {preview.get('size')} characters: {preview.get('title') or 'without a title'}")
    return None


def _table(columns: object, rows: object) -> Markup | None:
    if not isinstance(columns, list) or not isinstance(rows, list):
        return None
    head = element("tr", *(element("th", str(name)) for name in columns))
    body = [element("tr", *(element("td", str(cell)) for cell in row)) for row in rows if isinstance(row, list)]
    return element("div", element("table", head, *body), class_="wide")
