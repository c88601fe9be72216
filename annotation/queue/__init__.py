"""The queue of a round: in which order dialogues are given out, and giving the next one."""
