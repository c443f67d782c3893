"""Packs and is killed at a place: `killed_pack.py WHERE:NUMBER FILES OUT CACHE`.

WHERE is a function of `os` that writing a file calls, NUMBER its call before which SIGKILL comes.
"""

import os
import signal
import sys
from pathlib import Path

from kerasseg import files
from tests.data.packed.packed_data import pack_files

where, number = sys.argv[1].split(":")
left = int(number)


class Os:
    """The module `os`, one function of which may be the last that is called."""

    def __getattr__(self, name):
        global left
        left -= name == where
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return getattr(os, name)


files.os = Os()
source, out, cache = (Path(argument) for argument in sys.argv[2:])
pack_files(source, out, cache=cache)
