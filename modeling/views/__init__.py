"""Pages of runs, studies, looks and errors."""

from modeling.views import errors, looks, runs, studies

__all__ = ["errors", "looks", "runs", "studies"]
