"""Features of text, audio and vision: where they are extracted, cached and read."""
