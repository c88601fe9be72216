"""Pages of runs, studies, looks and errors."""

from modeling.views import errors, looks, relations, runs, studies

__all__ = ["errors", "looks", "relations", "runs", "studies"]
