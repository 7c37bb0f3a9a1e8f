"""Parts of lists that no question of the ledger answers by itself."""

from typing import Annotated

import msgspec

from headwater.web.run_paths import Limit


class NumberedQuery(msgspec.Struct, frozen=True):
    """A part of a list that is counted from its newest entry."""

    limit: Limit = 50
    #: Of the page before.
    cursor: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None
