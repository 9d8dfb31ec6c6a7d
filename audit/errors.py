"""What a check raises."""


class AuditFailedError(Exception):
    """A check found a fault or could not be made; the message says which, and what to do."""
