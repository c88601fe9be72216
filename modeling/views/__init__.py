from modeling.views import errors, looks, runs, studies

__all__ = ["errors", "looks", "runs", "studies"]
