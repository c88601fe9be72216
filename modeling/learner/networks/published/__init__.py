"""Published networks for dialogues and utterances, one a file, on the parts of this house."""
