"""A Python that has imported TensorFlow and forks for every program it is asked to run.

Started by `tests/programs.py`, with the number of a socket. A fork is where `python PROGRAM` is
some seconds after its start, and does what that does; at its end it just stops, where an
interpreter would look at all that was imported once more.
"""

import atexit
import contextlib
import gc
import inspect
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import warnings

status = 1  # of the program: what an error that it does not catch ends with


@atexit.register  # the first to be registered is the last to be called
def stop() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def import_what_programs_import() -> None:
    """Nothing here may run an operation or look for devices: threads do not survive a fork."""
    import kerasseg.commands.parser
    import kerasseg.export.exporter
    import kerasseg.report.run_report
    import kerasseg.training.loop  # noqa: F401


def serve(connection: socket.socket) -> dict:
    """Returns in a forked child, once for every request, with its standard streams in place."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(connection, 2**20, 3)
        if not message:  # the tests are over
            os._exit(0)
        if os.fork() == 0:
            break
        for descriptor in descriptors:
            os.close(descriptor)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
    output, errors, answers = descriptors
    pid = os.fork()
    if pid:  # waits for the program and tells how it ended
        ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.write(answers, f"{ended}\n".encode())
        os._exit(0)
    connection.close()
    request = json.loads(message)
    if request["session"]:
        os.setsid()
    os.write(answers, f"{os.getpid()}\n".encode())
    os.close(answers)
    for number, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), output, errors)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    return request


def run(arguments: list[str]) -> None:
    """As the command line `python ARGUMENTS`."""
    program, *words = arguments
    if program == "-c":
        sys.argv, sys.path[0] = ["-c", *words[1:]], ""
        exec(compile(words[0], "<string>", "exec"), {"__name__": "__main__"})
    elif program == "-m":
        sys.argv, sys.path[0] = words, os.getcwd()
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = arguments, os.path.dirname(program)
        runpy.run_path(program, run_name="__main__")


def begin(arguments: list[str], *, folder: str, environment: dict[str, str]) -> None:
    """Runs the program to its end and notes its status."""
    global status
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    try:
        run(arguments)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise


class ForkedChild(subprocess.Popen):
    """A fork where a program starts another one in Python, unless it has threads by then."""

    def _execute_child(self, *values):
        given = inspect.signature(super()._execute_child).bind(*values).arguments
        command = [str(part) for part in given["args"]]
        if command[0] != sys.executable or len(os.listdir("/proc/self/task")) > 1:
            super()._execute_child(*values)
            return
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            for number, name in enumerate(("p2cread", "c2pwrite", "errwrite")):
                if given[name] != -1:
                    os.dup2(given[name], number)
            os.closerange(3, os.sysconf("SC_OPEN_MAX"))
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            environment = dict(os.environ if given["env"] is None else given["env"])
            try:
                begin(command[1:], folder=given["cwd"] or os.getcwd(), environment=environment)
            except SystemExit:
                pass
            except BaseException:
                sys.excepthook(*sys.exc_info())
            stop()  # what was to be tidied at the end is not its own
        self._child_created = True
        pipes = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(given[name] for name in pipes))


if __name__ == "__main__":
    # Python 3.12 warns of forks beside threads: those here belong to NumPy's BLAS, which is
    # prepared for it.
    warnings.filterwarnings("ignore", message=".*multi-threaded.*fork", category=DeprecationWarning)
    connection = socket.socket(fileno=int(sys.argv[1]))
    import_what_programs_import()
    gc.freeze()  # no collection of a child looks at what was imported
    gc.set_threshold(20_000, 20, 20)  # as in tests/conftest.py
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    request = serve(connection)
    if request["fork_children"]:
        subprocess.Popen = ForkedChild
    begin(request["arguments"], folder=request["folder"], environment=request["environment"])
