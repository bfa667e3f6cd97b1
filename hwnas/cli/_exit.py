"""Exit statuses of the command line."""

FAILURE = 1
USER_ERROR = 2
INTERRUPTED = 130
