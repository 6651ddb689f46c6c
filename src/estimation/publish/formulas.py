r"""Formulas as plain text on a page: a small notation, given as HTML and as one line of letters.

``θ̂_j = \frac{Σ_{i∈A} w_i y_{ij}}{Σ_{i∈A} w_i v_i}``: ``_`` and ``^`` lower and raise the next letter or what stands in
braces, ``\frac{a}{b}`` is a fraction, ``\sqrt{a}`` a root. Single letters are slanted, words stand upright. No script
and no font is needed, and it prints.
"""

import re
import unicodedata
from dataclasses import dataclass

from markupsafe import Markup, escape

_WORD = re.compile(r"(?:[^\W\d_][\u0300-\u036f]*)+")
_HATS = {"\u0302": "hat", "\u0304": "over"}  # marks above a letter: their class in the style sheet
_LOW = frozenset("aceimnopqrsuvwxyzαγεηικμνοπρστυφχψω")
_UPRIGHT = {"df", "ln", "Σ", "Π"}  # and every word of three letters or more


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula, and what it is of.

    Attributes
    ----------
    says : str
        What it gives, in words.
    source : str
        In the notation of this module.
    """

    says: str
    source: str

    @property
    def html(self) -> Markup:
        """The formula for a page."""
        return _Reader(self.source, page=True).read()

    @property
    def text(self) -> str:
        """The formula in a line."""
        return str(_Reader(self.source, page=False).read())


class _Reader:
    """Reads the notation from left to right."""

    def __init__(self, source: str, *, page: bool) -> None:
        self.source, self.at, self.page = unicodedata.normalize("NFD", source), 0, page

    def read(self, until: str = "") -> Markup:
        parts = []
        while self.at < len(self.source) and self.source[self.at] != until:
            parts.append(self._next())
        self.at += len(until)
        return Markup().join(parts)

    def _next(self) -> Markup:
        for command, give in (("\\frac", self._fraction), ("\\sqrt", self._root)):
            if self.source.startswith(command, self.at):
                self.at += len(command)
                return give()
        char = self.source[self.at]
        if char in "_^":
            self.at += 1
            return self._shifted("sub" if char == "_" else "sup")
        return self._letters()

    def _group(self) -> Markup:
        """Give what stands in braces, or one letter with its hat."""
        if self.source[self.at] == "{":
            self.at += 1
            return self.read("}")
        start = self.at
        self.at += 1
        while self.at < len(self.source) and unicodedata.combining(self.source[self.at]):
            self.at += 1
        return self._set(self.source[start : self.at])

    def _shifted(self, tag: str) -> Markup:
        inner = self._group()
        if self.page:
            return Markup("<{0}>{1}</{0}>").format(Markup(tag), inner)  # noqa: S704 the tag is ours
        mark = "_" if tag == "sub" else "^"
        return Markup("{}{}").format(
            mark,
            inner
            if all(char.isalnum() or unicodedata.combining(char) for char in inner)
            else Markup("({})").format(inner),
        )

    def _fraction(self) -> Markup:
        top, bottom = self._group(), self._group()
        if self.page:
            return Markup('<span class="frac"><span>{}</span><span>{}</span></span>').format(top, bottom)
        return Markup("[{}] / [{}]").format(top, bottom)

    def _root(self) -> Markup:
        inner = self._group()
        if self.page:
            return Markup('√<span class="root">{}</span>').format(inner)
        return Markup("√({})").format(inner)

    def _letters(self) -> Markup:
        found = _WORD.match(self.source, self.at)
        end = found.end() if found else self.at + 1
        text = self.source[self.at : end]
        self.at = end
        return self._set(text)

    def _set(self, text: str) -> Markup:
        if not self.page:
            return Markup(text)  # noqa: S704 plain text is no markup
        letters = [char for char in text if not unicodedata.combining(char)]
        # fonts put a combining hat beside a slanted letter: it is set above it by the style sheet
        shown = Markup().join(
            Markup('<span class="{}">{}</span>').format(_hat(char, own), char) if own in _HATS else escape(char)
            for char, own in _pairs(text)
        )
        slanted = len(letters) <= 2 and text not in _UPRIGHT and all(char.isalpha() for char in letters)
        return Markup("<i>{}</i>").format(shown) if slanted else shown


def _hat(char: str, mark: str) -> str:
    """Name the class of a mark over a letter: over a low one it sits lower."""
    return _HATS[mark] + (" low" if char in _LOW else "")


def _pairs(text: str) -> list[tuple[str, str]]:
    """Give every letter with the mark above it."""
    pairs: list[tuple[str, str]] = []
    for char in text:
        if unicodedata.combining(char) and pairs:
            pairs[-1] = (pairs[-1][0], char)
        else:
            pairs.append((char, ""))
    return pairs
