"""What people say about a run after it has started: tags and a note."""

from collections.abc import Sequence

from headwater.ledger.database import Database
from headwater.ledger.streams import Streams
from headwater.model.errors import TagRefused
from headwater.model.ids import RunId

#: Bounds of user tags.
MOST_TAGS = 50
LONGEST_TAG = 500


class Tags:
    """Tags and notes of the runs of one database."""

    def __init__(self, database: Database, streams: Streams) -> None:
        self._database = database
        self._streams = streams

    def tag_run(self, run: RunId, add: Sequence[str], remove: Sequence[str]) -> tuple[str, ...]:
        for tag in add:
            refuse_ill_formed(tag)
        with self._database.transaction():
            run_id = self._streams.position(run).run_id
            system = self._tags(run_id, is_system=True)
            fixed = [tag for tag in remove if tag in system]
            if fixed:
                raise TagRefused(
                    f"`{fixed[0]}` is a system tag and cannot be removed", hint="system tags say what the run was"
                )
            self._database.execute_many(self._database.sql["delete_tag"], [(run_id, tag) for tag in remove])
            self._database.execute_many(self._database.sql["insert_tag"], [(run_id, tag, 0) for tag in add])
            tags = self._tags(run_id, is_system=False)
            if len(tags) > MOST_TAGS:
                raise TagRefused(
                    f"the run would have {len(tags)} tags, at most {MOST_TAGS} are kept",
                    hint="remove some in the same call",
                )
        return tags

    def annotate(self, run: RunId, note: str) -> None:
        with self._database.transaction():
            run_id = self._streams.position(run).run_id
            self._database.execute_many(self._database.sql["set_note"], [(note, run_id)])

    def _tags(self, run_id: int, *, is_system: bool) -> tuple[str, ...]:
        rows = self._database.rows(self._database.sql["user_tags"], (run_id,))
        return tuple(tag for tag, of_system in rows if bool(of_system) == is_system)


def refuse_ill_formed(tag: str) -> None:
    """Raise unless the text may be a tag.

    Raises:
        TagRefused: it is empty, too long, or has characters that no reader sees as what they are.
    """
    if not tag:
        raise TagRefused("a tag cannot be empty")
    unseen = next((letter for letter in tag if _is_unseen(letter)), "")
    if unseen:
        what = "line break" if unseen in "\n\r\u2028\u2029" else "control character"
        raise TagRefused(f"the tag {tag[:100]!a} has a {what}, U+{ord(unseen):04X}", hint="leave it out")
    if len(tag) > LONGEST_TAG:
        raise TagRefused(f"the tag `{tag[:20]}...` has {len(tag)} characters, at most {LONGEST_TAG} are kept")


def _is_unseen(letter: str) -> bool:
    """Whether it moves a cursor, breaks a line, turns the direction of writing round, or is half of a character."""
    return (
        letter < " "
        or "\x7f" <= letter <= "\x9f"
        or "\u2028" <= letter <= "\u202e"
        or "\u2066" <= letter <= "\u2069"
        or "\ud800" <= letter <= "\udfff"
    )
