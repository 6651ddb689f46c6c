"""The page as PDF, by WeasyPrint (extra ``pdf``): the same words, numbers and pictures, on A4."""

import contextlib
import gc
import importlib.util
import logging
import threading

from estimation.errors import ReportError

# a page with every kind of letters, a table and a picture: the first one takes a fifth of a second more
_FIRST = (
    "<p style='font-family: Georgia, serif'>0<p style='font-family: sans-serif'>0 <b>0</b> <i>0</i><code>0</code>"
    "<table><tr><td>0</table><img alt='' src='data:image/svg+xml,<svg xmlns=\"http://www.w3.org/2000/svg\"/>'>"
)


def check_installed() -> None:
    """Say what to do where the extra is not installed, before anything is made.

    Raises
    ------
    ReportError
        WeasyPrint is not there.
    """
    if importlib.util.find_spec("weasyprint") is None:
        raise ReportError(
            "a PDF needs the extra 'pdf', which is not installed: pip install 'quickcount[pdf]', or print the page "
            "from a browser"
        )


def load() -> None:
    """Import WeasyPrint.

    Raises
    ------
    ReportError
        It is not there, or the system's Pango is missing.
    """
    check_installed()
    try:
        import weasyprint  # noqa: F401
    except OSError as error:
        raise ReportError(
            f"a PDF needs the library Pango of the system, which is missing ({error}): on Debian and Ubuntu "
            f"apt-get install libpango-1.0-0 libpangoft2-1.0-0, or print the page from a browser"
        ) from error


def begin_loading() -> threading.Thread:
    """Import WeasyPrint and find its fonts in the background, while a notebook runs; join it before :func:`to_pdf`.

    What is wrong is said when the PDF is made.
    """

    def quietly() -> None:
        with contextlib.suppress(ReportError):
            to_pdf(_FIRST)

    loading = threading.Thread(target=quietly, daemon=True)
    loading.start()
    return loading


def to_pdf(html: str) -> bytes:
    """Lay a page out on A4; tagged for readers that speak, with the page's language.

    Parameters
    ----------
    html : str
        A page as it is filled for paper: its pictures are images with their descriptions, which readers that speak
        find in the PDF. Nothing is fetched from anywhere.

    Raises
    ------
    ReportError
        The page names something outside itself, or WeasyPrint can't be used.
    """
    load()
    import weasyprint
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # it would warn of every rule that is for screens
    inside = URLFetcher(allowed_protocols={"data"}, fail_on_errors=True)
    collecting = gc.isenabled()
    gc.disable()  # a layout is a hundred thousand boxes that all live to its end: looking through them is a tenth of it
    try:
        return bytes(weasyprint.HTML(string=html, url_fetcher=inside).write_pdf(pdf_tags=True, pdf_identifier=False))
    except FatalURLFetchingError as error:
        raise ReportError(f"the page names something outside itself: {error}") from error
    finally:
        if collecting:
            gc.enable()
