"""Tiny encoders made on the spot: what a directory of pretrained weights looks like."""

import pytest
import torch


@pytest.fixture(scope="module")
def text_encoder(tmp_path_factory):
    from transformers import BertConfig, BertModel, BertTokenizer

    root = tmp_path_factory.mktemp("bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "好", "坏", "人"]
    BertTokenizer({word: n for n, word in enumerate(words)}).save_pretrained(root)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=len(words), **size, intermediate_size=16)).save_pretrained(root)
    return root


@pytest.fixture(scope="module")
def speech_encoder(tmp_path_factory):
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    root = tmp_path_factory.mktemp("wav2vec2")
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        conv_dim=(8, 8, 8, 8, 8, 8, 8), num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    Wav2Vec2Model(config).save_pretrained(root)
    Wav2Vec2FeatureExtractor().save_pretrained(root)
    return root


@pytest.fixture(scope="module", params=["vit", "clip"])
def vision_encoder(request, tmp_path_factory):
    from transformers import (
        CLIPVisionConfig,
        CLIPVisionModel,
        ViTConfig,
        ViTImageProcessor,
        ViTModel,
    )

    root = tmp_path_factory.mktemp(request.param)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 16, "image_size": 32, "patch_size": 16}  # fmt: skip
    torch.manual_seed(0)
    if request.param == "vit":
        ViTModel(ViTConfig(**size)).save_pretrained(root)
        ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(root)
    else:
        CLIPVisionModel(CLIPVisionConfig(**size)).save_pretrained(root)
    return root
