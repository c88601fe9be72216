"""Encoders that are offered for download, Chinese first; sizes are approximate."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Offer:
    """An encoder of the hub: where it is, and what somebody has to know before taking it."""

    repo: str
    modality: str
    dims: int
    megabytes: int
    licence: str  # as its card states it; empty where it states none
    note: Any

    @property
    def name(self):
        return self.repo.split("/")[-1]

    @property
    def bytes(self):
        return self.megabytes * 1_000_000


CATALOGUE = (
    Offer(
        "hfl/chinese-roberta-wwm-ext", "text", 768, 410, "apache-2.0",
        _("Chinese BERT with whole-word masking; the usual start for Chinese dialogues."),
    ),
    Offer(
        "hfl/chinese-macbert-base", "text", 768, 410, "apache-2.0",
        _("Chinese BERT trained to correct similar words; about as good, another opinion."),
    ),
    Offer(
        "Qwen/Qwen3-Embedding-0.6B", "text", 1024, 1200, "apache-2.0",
        _("Sentence vectors of many languages; large, best with a GPU or bf16."),
    ),
    Offer(
        "BAAI/bge-base-zh-v1.5", "text", 768, 410, "mit",
        _("Chinese sentence vectors: choose the first token as text vectors."),
    ),
    Offer(
        "FacebookAI/xlm-roberta-base", "text", 768, 1120, "mit",
        _("A hundred languages, for corpora that mix them."),
    ),
    Offer(
        "TencentGameMate/chinese-hubert-base", "audio", 768, 380, "mit",
        _("Speech, trained on Chinese television and web audio; the usual start for sound."),
    ),
    Offer(
        "facebook/wav2vec2-large-xlsr-53", "audio", 1024, 1270, "apache-2.0",
        _("Speech in 53 languages; large, slow without a GPU."),
    ),
    Offer(
        "microsoft/wavlm-base-plus", "audio", 768, 380, "",
        _("Speech with noise and overlapping speakers, trained on English."),
    ),
    Offer(
        "openai/whisper-base", "audio", 512, 290, "apache-2.0",
        _("The encoder of a speech recogniser of many languages; always hears 30 s."),
    ),
    Offer(
        "openai/whisper-small", "audio", 768, 970, "apache-2.0",
        _("The same, larger; slow without a GPU."),
    ),
    Offer(
        "openai/clip-vit-base-patch32", "vision", 768, 610, "",
        _("Pictures as captions describe them; fast."),
    ),
    Offer(
        "OFA-Sys/chinese-clip-vit-base-patch16", "vision", 768, 750, "",
        _("Pictures as Chinese captions describe them."),
    ),
    Offer(
        "google/siglip-base-patch16-224", "vision", 768, 810, "apache-2.0",
        _("Pictures as captions describe them, newer than CLIP."),
    ),
    Offer(
        "facebook/dinov2-base", "vision", 768, 350, "apache-2.0",
        _("Pictures without captions: poses, layout, objects."),
    ),
)  # fmt: skip


def offer_of(name):
    """The offer of a name or a repository, None for any other."""
    return next((offer for offer in CATALOGUE if name in (offer.name, offer.repo)), None)
