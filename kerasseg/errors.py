"""The two ways a command ends early on purpose."""


class UserError(ValueError):
    """What the user can mend: the message is one line that names the file or the setting."""


class Interrupted(Exception):
    """The run stopped in good order (SIGTERM, Ctrl-C); the same command continues it.

    The message, if there is one, says why: another process was lost. Then nothing was saved, and
    the same command continues from the last saved state.
    """
