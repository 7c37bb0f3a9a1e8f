"""Values that can be shown without running anybody's code: what is stored as JSON, and a name for the rest."""

from collections.abc import Mapping

from headwater.client.session import View
from headwater.model.artifact import Ref
from headwater.model.errors import ArtifactDamaged, ArtifactMissing
from headwater.store.plain_reading import is_plain, read_plain


def plain_values(view: View, refs: Mapping[str, Ref]) -> dict[str, object]:
    """Give JSON values as they are, and `<package.Class>` for values of other codecs, which stay closed.

    A value that is missing or damaged is given as `<missing object 0a1b2c...>`: one bad file must not hide the rest.
    """
    small = view.ledger.small([ref.digest for ref in refs.values() if ref.is_small and is_plain(ref)])
    return {
        name: _load(view, ref, small.get(ref.digest)) if is_plain(ref) else f"<{ref.type}>"
        for name, ref in refs.items()
    }


def _load(view: View, ref: Ref, small: bytes | None) -> object:
    try:
        return read_plain(view.artifacts, ref, small)
    except ArtifactMissing:
        return f"<missing object {ref.digest}>"
    except ArtifactDamaged:
        return f"<damaged object {ref.digest}>"
