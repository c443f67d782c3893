"""Trains a network, as `kerasseg train` does: python train.py [--config FILE] [key=value ...]"""

import sys

from kerasseg.commands.main import main

if __name__ == "__main__":
    sys.exit(main("python train.py", command="train"))
