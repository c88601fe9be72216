"""Figures that the documents quote, one file each."""
