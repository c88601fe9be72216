"""Backups of the installation: written while people work, checked, restored."""
