"""``python -m estimation`` is the command ``quickcount``."""

from estimation.cli import main

main()
