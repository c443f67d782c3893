"""A folder that several machines write to, as on NFS."""

import os
import socket

from kerasseg.files import clear_leftovers, is_temporary, writing


def test_what_another_machine_is_writing_is_left_alone(tmp_path, monkeypatch, dead_process):
    own = socket.gethostname()
    monkeypatch.setattr(socket, "gethostname", lambda: "far-away")
    monkeypatch.setattr(os, "getpid", lambda: dead_process)
    with writing(tmp_path / "a") as temporary:  # its number means nothing here
        temporary.write_text("half")
        monkeypatch.setattr(socket, "gethostname", lambda: own)
        clear_leftovers(tmp_path)
        assert is_temporary(temporary)
        assert list(tmp_path.iterdir()) == [temporary]
        yesterday = temporary.stat().st_mtime - 25 * 60 * 60
        os.utime(temporary, (yesterday, yesterday))  # nobody writes to it any more
        clear_leftovers(tmp_path)
        assert not list(tmp_path.iterdir())
        temporary.write_text("whole")
