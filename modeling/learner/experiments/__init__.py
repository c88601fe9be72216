"""Experiments that one file describes: systems compared under one protocol."""
