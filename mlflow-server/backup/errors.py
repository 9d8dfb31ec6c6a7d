"""What ends a backup or a restore."""


class BackupError(Exception):
    """The message is one sentence for the user, which says what to do."""


class ArchiveError(BackupError):
    """The archive is damaged, or not one of ours."""
