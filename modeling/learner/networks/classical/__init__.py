"""Classical systems: fitted by scikit-learn and hmmlearn, kept as tensors, used like networks."""
