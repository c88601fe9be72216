"""Characters into ids; the vocabulary comes from the train split alone."""

from collections import Counter
from collections.abc import Iterable, Sequence

from modeling.learner.recipes import CHARACTERS

PAD, UNKNOWN = 0, 1


class Vocabulary:
    """Characters seen at least `least` times in training, by frequency."""

    def __init__(self, characters: Sequence[str]) -> None:
        self.characters = list(characters)
        self._ids = {character: index for index, character in enumerate(self.characters, 2)}

    @classmethod
    def of(cls, texts: Iterable[str], least: int = 2) -> "Vocabulary":
        """The vocabulary of these texts, in lower case."""
        counts = Counter(character for text in texts for character in text.lower())
        kept = [c for c, n in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
        return cls([c for c in kept if counts[c] >= least])

    def __len__(self) -> int:
        return len(self.characters) + 2

    def encode(self, text: str, longest: int = CHARACTERS) -> list[int]:
        """Ids of the first `longest` characters."""
        return [self._ids.get(character, UNKNOWN) for character in text.lower()[:longest]]
