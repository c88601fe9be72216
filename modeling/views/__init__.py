"""Pages of runs, studies, comparisons, looks and errors."""
