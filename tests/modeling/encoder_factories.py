"""Tiny encoders of each family with weights drawn at random, saved as `save_pretrained` does."""

import json

import torch
import transformers as hf

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "好", "坏", "人"]
LAYERS = {"num_hidden_layers": 2, "num_attention_heads": 2}
SIZE = {"hidden_size": 16, "intermediate_size": 16, **LAYERS}
DECODER = {"num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0, "vocab_size": len(WORDS)}
T5 = {"vocab_size": len(WORDS), "d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 2,
      "num_heads": 2, "pad_token_id": 0, "decoder_start_token_id": 0}  # fmt: skip
SPEECH = {**SIZE, "conv_dim": (8,) * 7, "num_conv_pos_embeddings": 8,
          "num_conv_pos_embedding_groups": 2}  # fmt: skip
LAYERED = {**SPEECH, "feat_extract_norm": "layer", "do_stable_layer_norm": True}
PICTURE = {**SIZE, "image_size": 32, "patch_size": 16}
WHISPER = {"d_model": 16, "encoder_layers": 2, "decoder_layers": 1, "encoder_attention_heads": 2,
           "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16,
           "vocab_size": 8, "num_mel_bins": 80, "pad_token_id": 0, "bos_token_id": 1,
           "eos_token_id": 2, "decoder_start_token_id": 1}  # fmt: skip
WORDED = {"vocab_size": len(WORDS), **SIZE}

NETWORKS = {  # name -> class, configuration
    "bert": lambda: hf.BertModel(hf.BertConfig(**WORDED)),
    "roberta": lambda: hf.RobertaModel(
        hf.RobertaConfig(**WORDED, pad_token_id=0, max_position_embeddings=40)
    ),
    "xlm-roberta": lambda: hf.XLMRobertaModel(
        hf.XLMRobertaConfig(**WORDED, pad_token_id=0, max_position_embeddings=40)
    ),
    "qwen3": lambda: hf.Qwen3Model(hf.Qwen3Config(**SIZE, **DECODER)),
    "t5": lambda: hf.T5ForConditionalGeneration(hf.T5Config(**T5)),
    "mt5": lambda: hf.MT5EncoderModel(hf.MT5Config(**T5)),
    "wav2vec2": lambda: hf.Wav2Vec2Model(hf.Wav2Vec2Config(**SPEECH)),
    "wav2vec2-layered": lambda: hf.Wav2Vec2Model(hf.Wav2Vec2Config(**LAYERED)),
    "hubert": lambda: hf.HubertModel(hf.HubertConfig(**SPEECH)),
    "wavlm": lambda: hf.WavLMModel(hf.WavLMConfig(**SPEECH)),
    "wavlm-layered": lambda: hf.WavLMModel(hf.WavLMConfig(**LAYERED)),
    "whisper": lambda: hf.WhisperForConditionalGeneration(hf.WhisperConfig(**WHISPER)),
    "clip": lambda: hf.CLIPVisionModel(hf.CLIPVisionConfig(**PICTURE)),
    "clip-both": lambda: hf.CLIPModel(
        hf.CLIPConfig(text_config=WORDED, vision_config=PICTURE, projection_dim=8)
    ),
    "siglip": lambda: hf.SiglipVisionModel(hf.SiglipVisionConfig(**PICTURE)),
    "siglip-both": lambda: hf.SiglipModel(
        hf.SiglipConfig(text_config=WORDED, vision_config=PICTURE)
    ),
    "chinese_clip": lambda: hf.ChineseCLIPModel(
        hf.ChineseCLIPConfig(text_config=WORDED, vision_config=PICTURE, projection_dim=8)
    ),
    "vit": lambda: hf.ViTModel(hf.ViTConfig(**PICTURE)),
    "dinov2": lambda: hf.Dinov2Model(hf.Dinov2Config(**PICTURE)),
}
TEXT = ("bert", "roberta", "xlm-roberta", "qwen3", "t5", "mt5")
SPEECHES = ("wav2vec2", "wav2vec2-layered", "hubert", "wavlm", "wavlm-layered", "whisper")
PICTURES = ("clip", "clip-both", "siglip", "siglip-both", "chinese_clip", "vit", "dinov2")


def make_encoder(kind, root, **saving):
    """Save an encoder of a kind into a directory; the network that was saved."""
    torch.manual_seed(0)
    network = NETWORKS[kind]().eval()
    network.save_pretrained(root, **saving)
    if kind in TEXT:
        hf.BertTokenizer({word: n for n, word in enumerate(WORDS)}).save_pretrained(root)
    elif kind == "whisper":
        hf.WhisperFeatureExtractor().save_pretrained(root)
    elif kind in SPEECHES:
        extractor = hf.Wav2Vec2FeatureExtractor(return_attention_mask="layered" in kind)
        extractor.save_pretrained(root)
    else:
        says = {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.4]}
        (root / "preprocessor_config.json").write_text(json.dumps(says))
    return network
