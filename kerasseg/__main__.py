"""python -m kerasseg COMMAND: the same as `kerasseg COMMAND`."""

import sys

from kerasseg.commands.main import main

if __name__ == "__main__":
    sys.exit(main("python -m kerasseg"))
