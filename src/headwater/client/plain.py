"""Values that can be shown without running anybody's code: what is stored as JSON, and a name for the rest."""

from collections.abc import Mapping

from headwater.client.session import View
from headwater.model.artifact import Ref


def plain_values(view: View, refs: Mapping[str, Ref]) -> dict[str, object]:
    """Give JSON values as they are, and `<package.Class>` for values of other codecs, which stay closed."""
    small = view.ledger.small([ref.digest for ref in refs.values() if ref.is_small and _is_plain(ref)])
    return {
        name: view.artifacts.load(ref, small.get(ref.digest)) if _is_plain(ref) else f"<{ref.type}>"
        for name, ref in refs.items()
    }


def _is_plain(ref: Ref) -> bool:
    return ref.codec.startswith("json/")
