"""Pages of runs, experiments, comparisons, evaluations and errors."""
