"""A flow that says hostile things wherever a flow can say something."""

import json
import os
import pathlib

import pandas

from headwater import FlowSpec, Parameter, current, step

#: Written by the test.
PAYLOADS = json.loads((pathlib.Path(__file__).parent / "payloads.json").read_text())


class Shown:
    """Whose repr is hostile."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


class Hostile(FlowSpec):
    """</p><script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1))"""

    title = Parameter("title", default="<script>alert(1)</script>", help="<img src=x onerror=alert(1)>")

    @step
    def start(self):
        """<svg onload=alert(1)> **[x](javascript:alert(1))**"""
        self.payloads = PAYLOADS
        self.keys = {text: text for text in PAYLOADS[:100]}
        self.table = pandas.DataFrame({text: [text] for text in PAYLOADS[:20]})
        self.shown = [Shown(text) for text in PAYLOADS]
        self.text = "\n".join(PAYLOADS)
        for text in PAYLOADS:
            print(text)
        for number in range(3):
            current.metrics.log(step=number, **dict.fromkeys(PAYLOADS[:12], number))
        folder = pathlib.Path(__file__).parent
        for name in os.listdir(folder):
            if name.endswith(".csv"):
                (folder / name).read_text()
        self.next(self.end)

    @step
    def end(self):
        current.metrics.summary(**{text: text for text in PAYLOADS[20:30]})
        one, other = Shown(PAYLOADS[0]), Shown(PAYLOADS[10])
        held = {text: Shown(text) for text in PAYLOADS[:5]}
        raise RuntimeError("\n".join([*PAYLOADS, repr(one), repr(other), repr(held)]))


if __name__ == "__main__":
    Hostile()
