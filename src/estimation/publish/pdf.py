"""The page as PDF, by WeasyPrint (extra ``pdf``): the same words, numbers and pictures, on A4."""

import logging
import re

from estimation.errors import ReportError

_SCRIPT = re.compile(r"<script[ >].*?</script>\n?", re.DOTALL)
_NARROW = re.compile(r'<div class="only-narrow">.*?</svg></div>\n?', re.DOTALL)


def check_installed() -> None:
    """Say what to do where WeasyPrint can't be used.

    Raises
    ------
    ReportError
        The extra is not installed, or the system's Pango is missing.
    """
    try:
        import weasyprint  # noqa: F401
    except ImportError as error:
        raise ReportError(
            "a PDF needs the extra 'pdf', which is not installed: pip install 'quickcount[pdf]', or print the page "
            "from a browser"
        ) from error
    except OSError as error:
        raise ReportError(
            f"a PDF needs the library Pango of the system, which is missing ({error}): on Debian and Ubuntu "
            f"apt-get install libpango-1.0-0 libpangoft2-1.0-0, or print the page from a browser"
        ) from error


def to_pdf(html: str) -> bytes:
    """Lay a page out on A4; tagged for readers that speak, with the page's language.

    Parameters
    ----------
    html : str
        As :func:`estimation.publish.render` wrote it. Nothing is fetched from anywhere.

    Raises
    ------
    ReportError
        The page names something outside itself.
    """
    import weasyprint
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # it would warn of every rule that is for screens
    plain = _NARROW.sub("", _SCRIPT.sub("", html))  # pictures for telephones are not on paper, and take time
    inside = URLFetcher(allowed_protocols={"data"}, fail_on_errors=True)
    try:
        return bytes(weasyprint.HTML(string=plain, url_fetcher=inside).write_pdf(pdf_tags=True, pdf_identifier=False))
    except FatalURLFetchingError as error:
        raise ReportError(f"the page names something outside itself: {error}") from error
