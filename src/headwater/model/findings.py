"""What a check of the stored data finds."""

from typing import Literal

import msgspec

#: `info`: nothing is wrong, it may be worth knowing. `warning`: will be wrong, or is and does no harm yet.
#: `error`: something that was kept cannot be given back as it was.
Severity = Literal["info", "warning", "error"]


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that a check found; one line of `headwater fsck`."""

    #: What it is, in words with hyphens: `missing-object`, `index-differs-from-events`.
    kind: str
    #: Run, step, task and artifact, or the file, that it is about.
    where: str
    expected: str
    found: str
    #: What to do.
    remedy: str
    severity: Severity = "error"
    #: The object that it is about; empty when it is about none.
    digest: str = ""

    def __str__(self) -> str:
        return (
            f"{self.severity}: {self.kind}: {self.where}: expected {self.expected}, found {self.found}; {self.remedy}"
        )
