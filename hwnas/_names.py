"""Names as people spell them: when two are one, what was meant, and how they are shown."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Iterable, Mapping

_FILLING = re.compile(r"[\s_-]+")
_LONGEST_NAME = 60
_LONGEST_VALUE = 80
_MOST_HINTS = 3
# Of a title's words, so many letters tell something: "3" and "ai" do not.
_LEAST_LETTERS = 3
_ALIKE, _NEARLY = 0.6, 0.8


def fold(name: str) -> str:
    """A name without what people spell differently: capitals, spaces, ``-`` and ``_``.

    Example:
        >>> fold("NAS-Bench-201"), fold("Jetson TX2")
        ('nasbench201', 'jetsontx2')
    """
    return _FILLING.sub("", name.casefold())


def same(given: str, known: Iterable[str], titles: Mapping[str, str] | None = None) -> list[str]:
    """The known names that a given one spells: itself, else all that are equal once folded.

    Args:
        given: What was given.
        known: The names.
        titles: Longer names of some of them, for people; one counts where no name does.

    Example:
        >>> same("CIFAR-10", ["cifar10", "cifar100"])
        ['cifar10']
    """
    names = list(known)
    if given in names:
        return [given]
    plain = fold(given)
    found = [name for name in names if fold(name) == plain]
    return found or [name for name, title in (titles or {}).items() if fold(title) == plain]


def meant(given: str, known: Iterable[str], titles: Mapping[str, str] | None = None) -> list[str]:
    """The known names that somebody may have meant who gave another, the likeliest first.

    Names that were given by their initials come first, with what is one letter off; then names
    whose title holds what was given, then what looks alike.

    Example:
        >>> meant("rea", ["area", "de", "regularized-evolution"])
        ['regularized-evolution', 'area']
    """
    names, titles = sorted(set(known)), titles or {}
    plain = fold(given)
    by_fold = {fold(name): name for name in reversed(names)}
    # A long text is no name, and comparing it would take long.
    if len(plain) > _LONGEST_NAME:
        return []
    short = [name for name in names if plain in _initials(name)]
    alike = difflib.get_close_matches(plain, by_fold, n=1, cutoff=_ALIKE)
    if alike and not is_far(plain, alike[0], _NEARLY):
        return list(dict.fromkeys([*short, by_fold[alike[0]]]))[:_MOST_HINTS]
    if short:
        return short[:_MOST_HINTS]
    if len(plain) >= _LEAST_LETTERS:
        held = [name for name in names if _holds(titles.get(name, ""), plain)]
        if held:
            return held[:_MOST_HINTS]
    if alike:
        return [by_fold[alike[0]]]
    words = _words(given)
    return [name for name in names if words & _words(titles.get(name, ""))][:_MOST_HINTS]


def is_far(given: str, name: str, alike: float = _ALIKE) -> bool:
    """Whether a name looks so different from what was given that it must be explained."""
    return difflib.SequenceMatcher(None, fold(name), fold(given)).ratio() < alike


def _holds(title: str, plain: str) -> bool:
    """Whether whole words of a title, put together, begin as a folded name does."""
    words = re.findall(r"[^\W_]+", title.casefold())
    return any("".join(words[place:]).startswith(plain) for place in range(len(words)))


def _initials(name: str) -> set[str]:
    """What people shorten a name of several words to, perhaps with an A for algorithm."""
    words = [word for word in _FILLING.split(name.casefold()) if word]
    short = "".join(word[0] for word in words)
    return {short, f"{short}a"} if len(words) > 1 else set()


def _words(text: str) -> set[str]:
    words = re.split(r"[^0-9a-z]+", text.casefold())
    return {word for word in words if len(word) >= _LEAST_LETTERS}


def between_commas(text: str) -> list[str]:
    """The names between commas, without blanks; what stands in brackets is part of one.

    Example:
        >>> between_commas("reward(accuracy, latency<=5), macs,")
        ['reward(accuracy, latency<=5)', 'macs', '']
    """
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def quoted(text: object) -> str:
    """A text in quotes, what cannot be shown escaped and a long one cut.

    Example:
        >>> quoted("edgegpuu"), quoted("a" * 70)[-8:]
        ("'edgegpuu'", "aaaa...'")
    """
    text = str(text)
    plain = text if text.isprintable() else repr(text)[1:-1]
    return f"'{plain}'" if len(plain) <= _LONGEST_NAME else f"'{plain[:_LONGEST_NAME]}...'"


def shown(value: object) -> str:
    """A value as Python writes it, cut where it is long.

    Example:
        >>> shown((4, 0, 3)), shown(b"x" * 100)[-4:]
        ('(4, 0, 3)', "xx...")
    """
    if isinstance(value, str):
        return quoted(value)
    text = " ".join(_REPR.repr(value).split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


_REPR = reprlib.Repr()
_REPR.maxlist = _REPR.maxtuple = _REPR.maxset = _REPR.maxdict = 30
_REPR.maxother = _REPR.maxstring = _REPR.maxlong = _LONGEST_VALUE
