"""What is beside a page for those who want to use it: each picture as SVG, each table as CSV, as shown."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence

from estimation.publish.page_table import PageTable, cell_text
from estimation.publish.part import Part, figures_of, tables_of
from estimation.publish.spreadsheet import defused


def files_of(parts: Sequence[Part]) -> dict[str, bytes]:
    """Write the pictures and the tables of a page as files.

    Returns
    -------
    dict of str to bytes
        By file name: the part's, with a number where it has several; in the page's order.
    """
    files: dict[str, bytes] = {}
    for part in parts:
        contents = [("svg", f"{figure.standalone}\n".encode()) for figure in figures_of(part)]
        contents += [("csv", _csv(table)) for table in tables_of(part)]
        for kind, content in contents:
            number, name = 2, f"{part.name}.{kind}"
            while name in files:
                name, number = f"{part.name}-{number}.{kind}", number + 1
            files[name] = content
    return files


def packed(files: Mapping[str, bytes]) -> bytes:
    """Put files into one ZIP archive; the same files give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _csv(table: PageTable) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for row in (table.header, *table.rows):
        writer.writerow([defused(cell_text(cell)) for cell in row])
    return stream.getvalue().encode()
