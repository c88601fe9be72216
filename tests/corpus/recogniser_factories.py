"""Tiny recognisers and speaker encoders made on the spot: their words mean nothing."""

import json

import torch
import transformers as hf
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

SIZE = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 16, "conv_dim": (16,) * 7, "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 2}  # fmt: skip
SPECIAL = ["<|endoftext|>", "<|startoftranscript|>", "<|zh|>", "<|en|>", "<|translate|>",
           "<|transcribe|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]  # fmt: skip


def make_ctc(folder, letter="你", classes=(hf.Wav2Vec2Config, hf.Wav2Vec2ForCTC)):
    """One that says the same letter all the time."""
    letters = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "|": 4, letter: 5, "好": 6}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(letters))
    config, kind = classes
    network = kind(config(vocab_size=len(letters), **SIZE))
    network.lm_head.bias.data[5] = 100.0
    network.save_pretrained(folder)
    tokenizer = hf.Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))
    extractor = hf.Wav2Vec2FeatureExtractor(sampling_rate=16_000)
    hf.Wav2Vec2Processor(extractor, tokenizer).save_pretrained(folder)


def make_whisper(folder, letters="麼你好"):
    """One that says some of a few letters."""
    torch.manual_seed(0)
    spoken = [pre_tokenizers.ByteLevel(False).pre_tokenize_str(letter)[0][0] for letter in letters]
    plain = Tokenizer(models.BPE(vocab={word: n for n, word in enumerate(spoken)}, merges=[]))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    end = {f"{name}_token": SPECIAL[0] for name in ("unk", "bos", "eos")}
    tokenizer = hf.WhisperTokenizerFast(tokenizer_object=plain, **end)
    times = [f"<|{n * 0.02:.2f}|>" for n in range(1501)]
    tokenizer.add_special_tokens({"additional_special_tokens": [*SPECIAL, *times]})
    ids = {word: tokenizer.convert_tokens_to_ids(word) for word in SPECIAL}
    ends = dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id"), ids[SPECIAL[0]])
    each = {"layers": 1, "attention_heads": 2, "ffn_dim": 16}
    sizes = {f"{part}_{name}": n for part in ("encoder", "decoder") for name, n in each.items()}
    network = hf.WhisperForConditionalGeneration(
        hf.WhisperConfig(
            vocab_size=len(tokenizer), d_model=16, max_target_positions=448, **sizes, **ends,
            decoder_start_token_id=ids["<|startoftranscript|>"], suppress_tokens=None,
            begin_suppress_tokens=None,
        )
    )  # fmt: skip
    decoder = network.model.decoder  # letters are likelier than times and other marks
    decoder.layer_norm.bias.data[:] = 1.0
    decoder.embed_tokens.weight.data[: len(letters)] += 1.0
    given = network.generation_config
    given._from_model_config = False
    given.lang_to_id = {word: ids[word] for word in ("<|zh|>", "<|en|>")}
    given.task_to_id = {word: ids[f"<|{word}|>"] for word in ("transcribe", "translate")}
    given.no_timestamps_token_id = ids["<|notimestamps|>"]
    given.prev_sot_token_id = ids["<|startofprev|>"]
    given.is_multilingual, given.alignment_heads, given.max_length = True, [[0, 0]], 12
    given.max_initial_timestamp_index = 50
    for part in (network, tokenizer, hf.WhisperFeatureExtractor()):
        part.save_pretrained(folder)


def make_speaker_encoder(folder, head=True):
    """A network with an x-vector head, or without one."""
    torch.manual_seed(0)
    kind = hf.WavLMForXVector if head else hf.WavLMModel
    config = hf.WavLMConfig(
        **SIZE, tdnn_dim=(16, 16, 32), tdnn_kernel=(3, 3, 1), tdnn_dilation=(1, 1, 1),
        xvector_output_dim=8,
    )  # fmt: skip
    kind(config).save_pretrained(folder)
    hf.Wav2Vec2FeatureExtractor(sampling_rate=16_000).save_pretrained(folder)
