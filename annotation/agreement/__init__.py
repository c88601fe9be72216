"""Agreement between annotators: coefficients, intervals, tallies, measures of rounds, reports."""
