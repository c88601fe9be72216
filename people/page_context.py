"""What pages know about the installation."""

from people import installation


def setup_state(_request):
    """Whether there is an administrator; asked for only by templates that use it."""
    return {"is_set_up": installation.is_set_up}
