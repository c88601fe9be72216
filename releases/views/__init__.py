"""Pages of releases: a noun a module."""
