"""What every error of the trainer has in common."""


class TrainerError(Exception):
    """Something the user can act on; the message is the one sentence they are told."""


class SettingError(TrainerError):
    """A setting has a value that is not allowed; names the setting, the value and what is."""
