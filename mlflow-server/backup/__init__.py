"""Archives of the database and the artifacts; python -m backup. Here: what ends one with an error."""


class BackupError(Exception):
    """The message is one sentence for the user, which says what to do."""


class ArchiveError(BackupError):
    """The archive is damaged, or not one of ours."""
