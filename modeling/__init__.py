"""What machines learned: recipes, networks, runs, evaluations."""
