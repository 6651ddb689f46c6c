"""The command ``quickcount``: one file for each family of verbs, no logic."""

import gc
import importlib
import importlib.util
import os
import sys

import click

from estimation.errors import EstimationError
from estimation.version import __version__

_VERBS = {
    "demo": ("estimation.cli.demo", "Make and open a report on a demo contest."),
    "init": ("estimation.cli.init", "Make a contest folder."),
    "check": ("estimation.cli.check", "Check a contest folder and list what is wrong with it."),
    "design": ("estimation.cli.design", "Make the design report: what a sample would be worth, before the day."),
    "draw": ("estimation.cli.sampling", "Draw the sample of polling stations."),
    "verify": ("estimation.cli.sampling", "Repeat the draw and say whether the same stations come out."),
    "assign": ("estimation.cli.assign", "Write a sheet for each officer or village: which TPS, what to send, how."),
    "ingest": ("estimation.cli.ingest", "Enter the returns of the inbox in the ledger, each once."),
    "mark": ("estimation.cli.ingest", "Enter a verifier's word on a station's return."),
    "project": ("estimation.cli.night", "Project the result from the returns that are in."),
    "report": ("estimation.cli.report", "Make the projection report as a page."),
    "watch": ("estimation.cli.watch", "Watch the inbox through the night: a take of whatever is new, and its page."),
    "batch": ("estimation.cli.batch", "Project every contest under a folder, and list all on one page."),
    "rehearse": ("estimation.cli.rehearse", "Play an evening with faults into a folder of its own, and grade it."),
    "backtest": ("estimation.cli.backtest", "Replay a past election: coverage, width and calls over the night."),
    "evaluate": ("estimation.cli.evaluate", "Hold the projection and every take against the official result."),
}

# SciPy copies NumPy's whole namespace and with it loads these two, which nothing here uses: a tenth of a short command
_UNUSED = ("numpy.f2py", "numpy.testing")

GARBAGE = 100_000  # objects between two collections: loading libraries makes many objects and no garbage


class _Verbs(click.Group):
    """Imports a verb only when it is called, so that each starts quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        for module in _UNUSED:
            _load_when_used(module)
        command = getattr(importlib.import_module(_VERBS[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in _VERBS.items()])


def _load_when_used(name: str) -> None:
    """Put a module of a package in its place unloaded: it is loaded when something in it is first asked for."""
    package, _, attribute = name.rpartition(".")
    spec = None if name in sys.modules else importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        return
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    setattr(sys.modules[package], attribute, module)


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="quickcount")
def cli() -> None:
    """Quick counts (hitung cepat): from a frame and the returns to a projection report.

    Exit status: 0 output was written; 1 the input can't be used, or a check found something;
    2 wrong usage.
    """


def main() -> None:
    """Run the command; bad input ends with a message and status 1."""
    gc.set_threshold(GARBAGE)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for any it reads what every package declares
    try:
        status = cli(prog_name="quickcount", standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except EstimationError as error:
        for line in str(error).splitlines():
            click.echo(f"error: {line}", err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(
            f"error: {error.filename or 'a file'}: {error.strerror or error}: check the path and the disk",
            err=True,
        )
        sys.exit(1)


__all__ = ["cli", "main"]
