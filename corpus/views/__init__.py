"""Pages of corpora, sources, dialogues and their media."""
