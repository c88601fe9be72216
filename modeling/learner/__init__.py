"""Plain PyTorch: learns from a release directory alone; knows nothing of Django or our apps."""
