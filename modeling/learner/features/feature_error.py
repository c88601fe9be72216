"""What is raised where features cannot be computed."""


class FeatureError(RuntimeError):
    """A clip or an encoder whose features cannot be computed; the message names it."""
