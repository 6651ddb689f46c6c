"""Fills the templates: parts of a page, and the page around them."""

import base64
import hashlib
from datetime import datetime
from functools import cache
from typing import Protocol

import jinja2
from markupsafe import Markup

from estimation.publish.page_manifest import Seal
from estimation.publish.release import Placement
from estimation.words import Words


class Templated(Protocol):
    """What has a template of its own."""

    @property
    def template(self) -> str:
        """Its name."""


@cache
def environment() -> jinja2.Environment:
    """Make the template engine; everything put into a template is escaped."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("estimation.publish", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


@cache
def inline(*names: str) -> tuple[Markup, str]:
    """Give style sheets or a script of ours, and the hash by which a page's security policy allows it."""
    loader = environment().loader
    assert loader is not None
    text = "".join(loader.get_source(environment(), name)[0] for name in names)
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return Markup(text), f"sha256-{base64.b64encode(digest).decode('ascii')}"  # noqa: S704  # it is ours


def render_part(part: Templated, *, paper: bool = False) -> str:
    """Fill the template of a part; on paper a picture is an image with its description."""
    return environment().get_template(f"parts/{part.template}.html.j2").render(part=part, paper=paper).strip()


def render_page(
    words: Words,
    *,
    report: str,
    title: str,
    placement: Placement,
    body: str,
    moment: datetime,
    seal: Seal | None = None,
    data: str = "",
    paper: bool = False,
    verifiable: bool = True,
) -> str:
    """Fill the page around the parts.

    Parameters
    ----------
    words : Words
    report, title : str
        What kind of report it is, and of which contest.
    placement : Placement
        What keeps the page internal stands on it.
    body : markupsafe.Markup
        The parts.
    moment : datetime.datetime
        When the page is made, on the contest's clock; it stands on one line.
    seal : Seal, optional
        The page's manifest, its digest and its signature.
    data : str
        JSON of the parts.
    paper : bool
        Leave out what is for programs and for screens.
    verifiable : bool
        The page can be made again from the files that its manifest names.
    """
    return _fill(
        "page",
        words,
        report=report,
        title=title,
        placement=placement,
        body=body,
        moment=moment,
        seal=seal,
        verifiable=verifiable,
        data=data,
        paper=paper,
    )


def render_failure(
    words: Words, *, report: str, title: str, placement: Placement, moment: datetime, cause: str, last: str
) -> str:
    """Fill the page that says that no new page could be made.

    Parameters
    ----------
    cause : str
        What failed; blank where readers outside may see the page.
    last : str
        File name of the last good page; blank where there is none.
    """
    return _fill(
        "failure", words, report=report, title=title, placement=placement, moment=moment, cause=cause, last=last
    )


def render_index(words: Words, **values: object) -> str:
    """Fill the list of takes; see :func:`estimation.publish.index.write_index`."""
    return _fill("index", words, styles=("style.css", "index.css"), **values)


def _fill(name: str, words: Words, styles: tuple[str, ...] = ("style.css",), **values: object) -> str:
    style, style_hash = inline(*styles)
    script, script_hash = inline("page.js")
    return (
        environment()
        .get_template(f"{name}.html.j2")
        .render(w=words, style=style, style_hash=style_hash, script=script, script_hash=script_hash, **values)
    )
