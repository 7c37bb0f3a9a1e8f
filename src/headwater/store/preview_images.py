"""Pictures and figures in a listing: a small PNG.

An image preview is `{"png": base64 text, "width", "height"}`; the size is that of the picture shown.
"""

import base64
import io
from typing import Any

from headwater.model.artifact import Header

#: Of the base64 text.
_MOST_CHARACTERS = 32 * 1024
_SIDES = (320, 160, 80, 32)
#: Pictures of more pixels are not scaled down: that could take seconds.
_MOST_PIXELS = 50_000_000


def image_header(value: Any) -> Header | None:
    """Describe a picture of Pillow; None for other things of it."""
    from PIL import Image

    if not isinstance(value, Image.Image):
        return None
    shape = (value.height, value.width)
    if value.width * value.height > _MOST_PIXELS:
        return Header(shape=shape, dtype=value.mode, preview=f"a picture of {value.width} x {value.height} pixels")
    return Header(shape=shape, dtype=value.mode, kind="image", preview=_small_png(value))


def figure_header(value: Any) -> Header | None:
    """Describe a figure of matplotlib; None for other things of it."""
    from matplotlib.figure import Figure

    if not isinstance(value, Figure):
        return None
    from PIL import Image

    stream = io.BytesIO()
    value.savefig(stream, format="png", dpi=50)
    return Header(kind="image", preview=_small_png(Image.open(stream)))


def _small_png(picture: Any) -> dict[str, object]:
    plain = picture.convert("RGBA" if "A" in picture.mode else "RGB")
    for side in _SIDES:
        small = plain.copy()
        small.thumbnail((side, side))
        stream = io.BytesIO()
        small.save(stream, format="PNG", optimize=True)
        text = base64.b64encode(stream.getvalue()).decode()
        if len(text) <= _MOST_CHARACTERS:
            break
    return {"png": text, "width": small.width, "height": small.height}
