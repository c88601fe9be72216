"""Pages of runs, studies, looks and errors."""

from modeling.views import errors, looks, registered, relations, runs, studies

__all__ = ["errors", "looks", "registered", "relations", "runs", "studies"]
