"""What every error of the trainer has in common."""


class TrainerError(Exception):
    """Something the user can act on; the message is the one sentence they are told."""


class SettingError(TrainerError):
    """A setting has a value that is not allowed; names the setting, the value and what is."""


class DataError(TrainerError):
    """A file of the data set is missing, damaged or of another form; names the file."""
