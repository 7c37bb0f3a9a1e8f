"""Scores the rows of a file or a frame and gives them back with the answers beside them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from headwater.hosting.columns import ColumnPlan, plan_columns
from headwater.hosting.predictions import arrow_and_parquet
from headwater.hosting.scoring import Scored, Scorer
from headwater.hosting.tabular import Piece, TableFile, arrow_type, ending_of, write_table_file
from headwater.model.errors import UserMistake
from headwater.model.service import EndpointSpec

#: Columns that come to the rows.
COLUMN = "prediction"
#: When none of the first so many rows has an answer, nothing more is asked.
_HOPELESS = 200


class ScoredFile(msgspec.Struct):
    """What scoring a file came to."""

    rows: int = 0
    #: Rows without an answer, and why the first of them has none.
    failed: int = 0
    first_error: str = ""
    #: Columns that the endpoint did not get; they are in the output.
    carried: tuple[str, ...] = ()


class TableScorer:
    """Scores tables with one endpoint."""

    def __init__(self, scorer: Scorer, spec: EndpointSpec, column: str = COLUMN) -> None:
        """Take what it needs.

        Args:
            scorer: of the endpoint.
            spec: the endpoint.
            column: name of the answers' column; ids and errors are in `<column>_id` and `<column>_error`.
        """
        self._scorer = scorer
        self._spec = spec
        self._added = _added(column)
        self._type: Any = None

    @classmethod
    def check(cls, spec: EndpointSpec, column: str, source: TableFile) -> ColumnPlan:
        """Decide which columns of a file the endpoint gets.

        Raises:
            UserMistake: columns are missing, or one has the name of a column that is to come.
        """
        added = _added(column)
        taken = [name for name in added if name in source.columns]
        if taken:
            hint = f"name the new ones otherwise, with --column: {', '.join(added)} would come"
            raise UserMistake(f"{source.name} has a column `{taken[0]}` already", hint=hint)
        return plan_columns(spec, source.columns, source.name)

    def score_file(self, source: TableFile, path: str) -> ScoredFile:
        """Score a file into another one, in bounded memory; the output is there whole or not at all.

        Raises:
            UserMistake: columns are missing, or no row at all can be answered.
        """
        plan = self.check(self._spec, self._added[0], source)
        done = ScoredFile(carried=tuple(name for name in source.columns if name not in plan.used))
        ending_of(path)

        def tables() -> Iterator[Any]:
            for table, scored in self.score_pieces(plan, source.pieces(plan.used, plan.schemas)):
                _count(done, scored)
                yield table
            if not done.rows:
                arrow, _ = arrow_and_parquet()
                yield self._beside(arrow.table({name: arrow.array([], arrow.string()) for name in source.columns}), [])

        write_table_file(path, tables())
        return done

    def score_pieces(self, plan: ColumnPlan, pieces: Iterable[Piece]) -> Iterator[tuple[Any, list[Scored]]]:
        """Give each piece's table with the answers beside its rows.

        Raises:
            UserMistake: none of the first rows has an answer.
        """
        asked: list[Piece] = []

        def rows() -> Iterator[Mapping[str, object]]:
            for piece in pieces:
                if piece.rows:
                    asked.append(piece)
                    yield from piece.rows

        done: list[Scored] = []
        has_answers = False
        for scored in self._scorer.score(plan, rows()):
            done.append(scored)
            has_answers = has_answers or not scored.error
            if not has_answers and len(done) >= _HOPELESS:
                raise self._hopeless(done)
            if len(done) == len(asked[0].rows):
                if not has_answers:
                    raise self._hopeless(done)
                yield self._beside(asked.pop(0).table, done), done
                done = []

    def _hopeless(self, done: Sequence[Scored]) -> UserMistake:
        count = "the only row has no" if len(done) == 1 else f"none of the first {len(done)} rows has an"
        return UserMistake(f"{count} answer of `{self._spec.name}`: {done[0].error}")

    def answers(self, scored: Sequence[Scored]) -> Any:
        """Give the answers as a table of their own."""
        arrow, _ = arrow_and_parquet()
        return self._beside(arrow.table({"": arrow.nulls(len(scored))}), scored).select(list(self._added))

    def _beside(self, table: Any, scored: Sequence[Scored]) -> Any:
        arrow, _ = arrow_and_parquet()
        values, ids, errors = self._added
        table = table.append_column(values, self._values(arrow, [each.value for each in scored]))
        table = table.append_column(ids, arrow.array([each.id for each in scored], arrow.string()))
        return table.append_column(errors, arrow.array([each.error or None for each in scored], arrow.string()))

    def _values(self, arrow: Any, values: list[object]) -> Any:
        """Make a column of answers: of the type that the endpoint declares, else of the first answers' type."""
        if self._type is None:
            declared = arrow_type(arrow, msgspec.json.decode(self._spec.gives))
            self._type = declared if declared is not None else _type_of(arrow, values)
        if self._type == arrow.string() and any(not isinstance(value, str | None) for value in values):
            values = [None if value is None else msgspec.json.encode(value).decode() for value in values]
        try:
            return arrow.array(values, self._type)
        except (arrow.ArrowInvalid, arrow.ArrowTypeError) as error:
            raise UserMistake(
                f"answers of `{self._spec.name}` are not all of one type: {error}",
                hint="say in its annotation what the endpoint gives",
            ) from error


def _added(column: str) -> tuple[str, str, str]:
    return column, f"{column}_id", f"{column}_error"


def _type_of(arrow: Any, values: list[object]) -> Any:
    """Give the type of answers that nothing is declared of; text (their JSON) when they have none in common."""
    try:
        found = arrow.array(values).type
    except (arrow.ArrowInvalid, arrow.ArrowTypeError):
        return arrow.string()
    return arrow.string() if arrow.types.is_null(found) else found


def _count(done: ScoredFile, scored: Sequence[Scored]) -> None:
    failed = [each for each in scored if each.error]
    done.rows += len(scored)
    done.failed += len(failed)
    if failed and not done.first_error:
        done.first_error = failed[0].error
