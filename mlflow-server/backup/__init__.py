"""Archives of database and artifacts, by `python -m backup`; here, how they fail."""


class BackupError(Exception):
    """The message is one sentence for the user, which says what to do."""


class ArchiveError(BackupError):
    """The archive is damaged, or not one of ours."""
