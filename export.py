"""Exports a run, as `kerasseg export` does: python export.py RUN [--out DIR]"""

import sys

from kerasseg.commands.main import main

if __name__ == "__main__":
    sys.exit(main("python export.py", command="export"))
