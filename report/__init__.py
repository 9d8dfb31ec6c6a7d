"""The lab report, from the run of the version in service."""
