"""Words of a query that are chosen from a few: which there are, and what to say to one that is none of them."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

from headwater.model.nearest import did_you_mean
from headwater.web.problems import Refused


def choices_of(kind: type) -> dict[str, tuple[str, ...]]:
    """Give the words that each field of a query takes, of those that take no others."""
    found = {name: tuple(_words(hint)) for name, hint in get_type_hints(kind).items()}
    return {name: words for name, words in found.items() if words}


def refuse_unknown_words(raw: Mapping[str, Any], choices: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse a query in which some word is none of those that its field takes.

    Raises:
        Refused: 400, with the words that there are.
    """
    for name, words in choices.items():
        given = raw.get(name, [])
        for word in [given] if isinstance(given, str) else given:
            if word not in words:
                hint = did_you_mean(word[:100], words, what="Choices")
                raise Refused(400, f"`{name}` cannot be `{word[:100]}`", hint=hint, choices=words)


def _words(hint: Any) -> Iterator[str]:
    if get_origin(hint) is Literal:
        yield from (word for word in get_args(hint) if isinstance(word, str))
        return
    for each in get_args(hint):
        yield from _words(each)
