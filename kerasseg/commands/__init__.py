"""The commands: `kerasseg NAME` runs the module of that name.

The first line of its docstring is its line in the help; `add_arguments(parser)` says what it
takes; `run(args)` does it and returns the exit status (None: 0). What is heavy is imported
inside `run`, so that `--help` does not wait for TensorFlow.
"""

from kerasseg.commands import (
    ablate,
    check,
    evaluate,
    export,
    import_labels,
    pack,
    predict,
    report,
    streets,
    train,
)

COMMANDS = {
    "train": train,
    "evaluate": evaluate,
    "export": export,
    "predict": predict,
    "report": report,
    "ablate": ablate,
    "import": import_labels,
    "check": check,
    "pack": pack,
    "streets": streets,
}
