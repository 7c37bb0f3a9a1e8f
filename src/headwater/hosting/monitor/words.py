"""Which words of a window are more frequent than in the reference, and which are rarer."""

import math
from collections import Counter
from collections.abc import Sequence

import msgspec

from headwater.hosting.monitor.profile import Column
from headwater.hosting.monitor.texts import words_of

#: Words of each kind that are named.
_NAMED = 10
#: Texts that must have a word before it is named.
_FEWEST_TEXTS = 3
#: A word is named only when its share is so many times as large, or as small.
_TIMES = 1.5


class WordShift(msgspec.Struct, frozen=True):
    """A word, and the shares of texts that have it."""

    word: str
    before: float
    now: float
    #: The reference has it in no text.
    is_new: bool = False


class Words(msgspec.Struct, frozen=True):
    """What is said otherwise in a window; the most telling words first."""

    more: tuple[WordShift, ...] = ()
    less: tuple[WordShift, ...] = ()


def shifted_words(column: Column, texts: Sequence[str]) -> Words:
    """Compare the words of texts with those of the reference.

    Words are put in order by how much their log odds differ at least (two standard errors nearer to zero than they
    seem to; half a text added to each count): `film` comes before `of`, and before what two texts have by chance.
    """
    now, before = len(texts), column.rows
    if not now or not before:
        return Words()
    counted = Counter(word for text in texts for word in set(words_of(text)))
    scored = sorted(
        (
            (_score(column.words.get(word, 0), before, counted[word], now), word)
            for word in set(counted) | set(column.words)
        ),
        key=lambda pair: (-abs(pair[0]), pair[1]),
    )
    shifts = [
        (score, WordShift(word, column.words.get(word, 0) / before, counted[word] / now, word not in column.words))
        for score, word in scored[: 20 * _NAMED]
    ]
    more = [one for score, one in shifts if score > 0 and one.now > _TIMES * one.before]
    less = [one for score, one in shifts if score < 0 and one.before > _TIMES * one.now]
    return Words(
        tuple(one for one in more if counted[one.word] >= _FEWEST_TEXTS)[:_NAMED],
        tuple(one for one in less if column.words[one.word] >= _FEWEST_TEXTS)[:_NAMED],
    )


def _score(before: int, texts_before: int, now: int, texts_now: int) -> float:
    ours, theirs = before + 0.5, now + 0.5
    others, rest = texts_before - before + 0.5, texts_now - now + 0.5
    error = math.sqrt(1 / ours + 1 / theirs + 1 / others + 1 / rest)
    seen = math.log(theirs / rest) - math.log(ours / others)
    return math.copysign(max(0.0, abs(seen) - 2 * error), seen)
