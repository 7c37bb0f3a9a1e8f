"""What is measured of a text: its words, its length, and marks that people see at a glance."""

import re

#: A word: letters, with an apostrophe inside; what is no word (digits, punctuation) says little about a topic.
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
#: Longest text of which words are taken.
_LONGEST = 20_000

#: What marks are looked for: (for people, pattern), all of them by themselves.
MARKS: tuple[tuple[str, "re.Pattern[str]"], ...] = (
    (
        "an emoticon or emoji",
        re.compile(r"[:;=8xX]['’]?-?[)(DPpOo/\\|3](?!\w)|<3|[\u2600-\u27bf\U0001f300-\U0001faff]"),
    ),
    ("an exclamation mark", re.compile(r"!")),
    ("a question mark", re.compile(r"\?")),
    ("an @mention", re.compile(r"(?<!\w)@\w+")),
    ("a #hashtag", re.compile(r"(?<!\w)#\w+")),
    ("a link", re.compile(r"https?://|www\.")),
    ("a digit", re.compile(r"\d")),
    ("a comma", re.compile(r",")),
    ("no small letter", re.compile(r"^[^a-zß-öø-ÿ]*[A-Z][^a-zß-öø-ÿ]*$")),
)


def words_of(text: str) -> list[str]:
    """Give the words of a text in small letters, each as often as it stands there."""
    return [word.lower().replace("’", "'") for word in _WORD.findall(text[:_LONGEST])]


def marks_of(text: str) -> list[int]:
    """Give the numbers of the marks that a text has."""
    return [number for number, (_, pattern) in enumerate(MARKS) if pattern.search(text)]
