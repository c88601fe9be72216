"""The HTTP API of corpora: members, sources, dialogues, utterances, speakers, jobs."""
