"""Text from outside in files that a spreadsheet opens."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def defused(value: object) -> object:
    """Put an apostrophe before a text that a spreadsheet could take for a formula.

    Text that begins with ``= + - @``, a tab or a carriage return, also behind blanks, would be
    computed when the file is opened; numbers are left alone.
    """
    if isinstance(value, str) and (value.startswith(FORMULA) or value.lstrip().startswith(FORMULA)):
        return f"'{value}"
    return value
