"""The HTTP API of learning: recipes, encoders, experiments, runs, protocols, registered models."""
