"""The page as PDF, by WeasyPrint (extra ``pdf``): the same words, numbers and pictures, on A4."""

import base64
import contextlib
import gc
import importlib.util
import logging
import re
import threading

from estimation.errors import ReportError
from estimation.publish.beside import FIGURE, standalone

_SCRIPT = re.compile(r"<script[ >].*?</script>\n?", re.DOTALL)
_NARROW = re.compile(r'<div class="only-narrow">.*?</svg></div>\n?', re.DOTALL)


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


def begin_loading() -> None:
    """Import WeasyPrint in the background, while a notebook runs; what is wrong is said when the PDF is made."""

    def quietly() -> None:
        with contextlib.suppress(ReportError):
            load()

    threading.Thread(target=quietly, daemon=True).start()


def to_pdf(html: str) -> bytes:
    """Lay a page out on A4; tagged for readers that speak, with the page's language.

    Parameters
    ----------
    html : str
        As :func:`estimation.publish.render` wrote it. Nothing is fetched from anywhere.

    Raises
    ------
    ReportError
        The page names something outside itself, or WeasyPrint can't be used.
    """
    load()
    import weasyprint
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # it would warn of every rule that is for screens
    plain = _NARROW.sub("", _SCRIPT.sub("", html))  # pictures for telephones are not on paper, and take time
    plain = FIGURE.sub(_as_image, plain)
    inside = URLFetcher(allowed_protocols={"data"}, fail_on_errors=True)
    collecting = gc.isenabled()
    gc.disable()  # a layout is a hundred thousand boxes that all live to its end: looking through them is a tenth of it
    try:
        return bytes(weasyprint.HTML(string=plain, url_fetcher=inside).write_pdf(pdf_tags=True, pdf_identifier=False))
    except FatalURLFetchingError as error:
        raise ReportError(f"the page names something outside itself: {error}") from error
    finally:
        if collecting:
            gc.enable()


def _as_image(figure: re.Match[str]) -> str:
    """Put a picture as an image with its description, which readers that speak find in the PDF."""
    content = base64.b64encode(standalone(figure).encode("utf-8")).decode("ascii")
    image = f'<img alt="{figure[1]}" style="display: block; width: 100%" src="data:image/svg+xml;base64,{content}">'
    return figure[0].replace(figure[2], image)
