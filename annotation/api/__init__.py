"""The HTTP API of annotation: rounds, tasks, answers, agreement."""
