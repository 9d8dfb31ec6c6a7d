"""Errors whose message is meant for the user."""


class TrainerError(Exception):
    """An error the user can act on; the message is one sentence, printed without a traceback."""


class SettingError(TrainerError):
    """A setting has a value that is not allowed; names setting, value and what is allowed."""


class DataError(TrainerError):
    """A file of the data set is missing, damaged or of an unknown format; names the file."""
