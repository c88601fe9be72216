"""The HTTP API of releases: freezing, files, retractions, links, differences."""
