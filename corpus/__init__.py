"""What was said: corpora, sources, speakers, dialogues, utterances, media."""
