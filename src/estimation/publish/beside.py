"""What stands beside a page for those who want to use it: each picture as SVG, each table as CSV, as shown."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from html import unescape

from markupsafe import escape

from estimation.publish.spreadsheet import defused

_SECTION = re.compile(r'<section[^>]* id="([\w-]+)"[^>]*>(.*?)</section>', re.DOTALL)
# its description, its whole picture for wide screens, that one's box and what is in it
FIGURE = re.compile(
    r'<figure role="img" aria-label="([^"]*)">\s*<div class="only-wide">(<svg viewBox="([^"]*)"[^>]*>(.*?</svg>))',
    re.DOTALL,
)
_TABLE = re.compile(r"<table[ >].*?</table>", re.DOTALL)
_BLANKS = re.compile(r"[ \n]+")  # a narrow or unbroken blank is meant
_FONT = "font-family: 'Source Sans 3', 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"


def parts_of(body: str) -> dict[str, bytes]:
    """Take the pictures and the tables of a page as files.

    Parameters
    ----------
    body : str
        The parts of the page.

    Returns
    -------
    dict of str to bytes
        By file name: the section's, with a number where it has several; in the page's order.
    """
    found: dict[str, bytes] = {}
    for section in _SECTION.finditer(body):
        name, html = section[1], section[2]
        for file, content in [*_pictures(html), *_tables(html)]:
            stem, dot, kind = f"{name}{file}".rpartition(".")
            number, place = 2, f"{stem}{dot}{kind}"
            while place in found:
                place, number = f"{stem}-{number}.{kind}", number + 1
            found[place] = content
    return found


def packed(files: Mapping[str, bytes]) -> bytes:
    """Put files into one ZIP archive; the same files give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def standalone(figure: re.Match[str]) -> str:
    """Give a picture of the page, found by :data:`FIGURE`, as SVG that needs nothing around it."""
    _, _, width, height = figure[3].split()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{figure[3]}" width="{width}" height="{height}" role="img" style="{_FONT}">'
        f"<title>{escape(unescape(figure[1]))}</title>{figure[4]}"
    )


def _pictures(html: str) -> Iterator[tuple[str, bytes]]:
    for figure in FIGURE.finditer(html):
        yield ".svg", f"{standalone(figure)}\n".encode()


def _tables(html: str) -> Iterator[tuple[str, bytes]]:
    from bs4 import BeautifulSoup

    for table in _TABLE.finditer(html):
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        soup = BeautifulSoup(table[0], "html.parser")
        for twice in soup.select(".phone"):  # what a telephone shows below, and others in a column
            twice.decompose()
        for row in soup.find_all("tr"):
            cells = [_BLANKS.sub(" ", cell.get_text(" ", strip=True)) for cell in row.find_all(["th", "td"])]
            writer.writerow([defused(cell) for cell in cells])
        yield ".csv", stream.getvalue().encode()
