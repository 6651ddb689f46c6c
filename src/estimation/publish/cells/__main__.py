"""The process that forks: ``python -m estimation.publish.cells SOCKET``; it ends when whoever started it does."""

import sys

from estimation.publish.cells.server import serve

if __name__ == "__main__":
    serve(int(sys.argv[1]))
