"""What every command shares: arguments in any order, exit statuses, a quiet TensorFlow.

TensorFlow is not imported here: `--help` and a mistyped setting answer at once.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from kerasseg.config import load_config
from kerasseg.errors import Interrupted, UserError
from kerasseg.setting_text import suggestion
from kerasseg.settings import Config
from kerasseg.settings_help import settings_help

DONE, USER_ERROR, INTERRUPTED = 0, 2, 3


class CommandParser(argparse.ArgumentParser):
    """ArgumentParser whose errors are UserErrors and whose options are never guessed."""

    def __init__(self, prog: str, description: str, *, with_settings: bool) -> None:
        super().__init__(
            prog=prog,
            description=description,
            allow_abbrev=False,
            add_help=False,
            formatter_class=argparse.RawDescriptionHelpFormatter
        )
        self.with_settings = with_settings
