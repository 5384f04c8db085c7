"""The exceptions that the command line prints as a plain sentence."""


class CatternError(Exception):
    """Something the user can mend: the message says what happened, to which file or student, and what to do next."""

    exit_code = 1


class UsageError(CatternError):
    """The command does not make sense as it was typed: there is no lab of that name, say."""

    exit_code = 2
