"""Fills the templates: parts of a page, and the page around them."""

from functools import cache

import jinja2


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


def render_part(template: str, **values: object) -> str:
    """Fill the template of one part."""
    return environment().get_template(f"parts/{template}.html.j2").render(**values).strip()


def render_page(**values: object) -> str:
    """Fill the page around the parts."""
    return environment().get_template("page.html.j2").render(**values)
