"""A language model that is asked from a page, and the run that reads its scores."""

import pytest
import torch
import transformers as hf
from django.urls import reverse
from tokenizers import Tokenizer, models, pre_tokenizers

from jobs.models import JobStatus
from modeling.encoders import language_models
from modeling.models import ImportedFeatures, LanguageModelJudge, Protocol, TrainingRun
from people.models import Event
from tests.factories import make_judged_round, make_member, make_person, make_release
from tests.modeling.encoder_factories import make_encoder

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("learner_here")]


def make_language_model(root):
    """A tiny Qwen2 that can be asked, a token a byte, its weights drawn at random."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({c: n for n, c in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(root)
    torch.manual_seed(0)
    config = hf.Qwen2Config(vocab_size=300, hidden_size=16, num_hidden_layers=1,
                            num_attention_heads=2, num_key_value_heads=2, intermediate_size=16,
                            max_position_embeddings=2048)  # fmt: skip
    hf.Qwen2ForCausalLM(config).save_pretrained(root)


@pytest.fixture
def release(corpus, settings, tmp_path, monkeypatch):
    settings.ENCODERS_DIR = tmp_path / "encoders"
    make_language_model(settings.ENCODERS_DIR / "tiny-lm")
    make_encoder("bert", settings.ENCODERS_DIR / "tiny-bert")
    monkeypatch.setattr(LanguageModelJudge, "later", lambda self: None)
    return make_release(corpus, [make_judged_round(corpus, dialogues=6)])


def fields(release, **more):
    return {"release": release.pk, "encoder": "tiny-lm", "language": "zh", "turns": 1, "shots": 0,
            "seed": 1, **more}  # fmt: skip


@pytest.mark.one_database
def test_a_release_is_judged_and_the_scores_are_a_run(release, corpus, lead, client_of):
    assert [each.name for each in language_models()] == ["tiny-lm"]
    client, address = client_of(lead), reverse("new_language_model_judge", args=[corpus.pk])
    page = client.get(address).content.decode()
    assert "tiny-lm" in page and "tiny-bert" not in page
    start = reverse("new_run", args=[corpus.pk])
    run = {"release": release.pk, "recipes": ["language-model", "tf-idf"], "seeds": 1,
           "on_failure": "fail"}  # fmt: skip
    assert "have one asked about the release" in client.post(start, run).content.decode()
    response = client.post(address, fields(release))
    judge = LanguageModelJudge.objects.get()
    assert response.url == judge.page_url and judge.status == JobStatus.QUEUED
    assert Event.objects.filter(verb="ask", noun="languagemodeljudge").exists()
    assert judge.run().status == JobStatus.DONE, judge.failure_text
    scores = ImportedFeatures.objects.get()
    assert judge.features == scores and scores.likelihoods and scores.directory.is_dir()
    page = client.get(judge.page_url).content.decode()
    assert f"likelihoods={scores.digest}" in page
    shown = client.get(f"{start}?recipe=language-model&likelihoods={scores.digest}")
    assert f'value="{scores.digest}" selected' in shown.content.decode()
    client.post(start, {**run, "likelihoods": scores.digest})
    judged, other = TrainingRun.objects.order_by("pk")
    assert judged.options == {"likelihoods": scores.digest} and other.options == {}
    assert judged.run().status == JobStatus.DONE, judged.failure_text
    assert judged.results["parameters"] == 0
    assert scores.runs().get() == judged
    assert client.get(judged.page_url).status_code == 200
    assert client.get(reverse("imported_features", args=[corpus.pk])).status_code == 200


@pytest.mark.one_database
def test_a_protocol_compares_it_with_others(release, corpus, lead, client_of):
    LanguageModelJudge(
        release=release, encoder="tiny-lm", language="zh", turns=0, shots=0
    ).request_by(lead)
    LanguageModelJudge.objects.get().run()
    scores = ImportedFeatures.objects.get()
    sent = {"release": release.pk, "name": "judge", "recipes": ["language-model", "tf-idf"],
            "seeds": 1, "splits": "official", "folds": 5, "least": 20, "at_once": 1,
            "on_failure": "fail", "likelihoods": scores.digest}  # fmt: skip
    client_of(lead).post(reverse("new_protocol", args=[corpus.pk]), sent)
    protocol = Protocol.objects.get()
    part = protocol.parts.get()
    assert part.run().status == JobStatus.DONE, part.failure_text
    assert Protocol.objects.get().tested == 2


def test_what_cannot_be_asked_is_said(release, corpus, lead, client_of, settings, tmp_path):
    client, address = client_of(lead), reverse("new_language_model_judge", args=[corpus.pk])
    for sent, said in (
        ({"encoder": "tiny-bert"}, "Select a valid choice"),
        ({"encoder": "../x"}, "Select a valid choice"),
        ({"turns": 101}, "less than or equal to 100"),
        ({"release": 10**6}, "Select a valid choice"),
    ):
        assert said in client.post(address, {**fields(release), **sent}).content.decode()
    assert not LanguageModelJudge.objects.exists()
    client.post(address, fields(release, shots=2))
    (settings.ENCODERS_DIR / "tiny-lm" / "config.json").unlink()
    judge = LanguageModelJudge.objects.get().run()
    assert judge.status == JobStatus.FAILED and "has no config.json" in judge.failure_text
    assert judge.failure_text in client.get(judge.page_url).content.decode()
    assert client.post(reverse("job_attempt", args=[judge.kind_name, judge.pk])).status_code == 302
    assert LanguageModelJudge.objects.get().status == JobStatus.QUEUED
    settings.ENCODERS_DIR = tmp_path / "none"
    assert "has no language model" in client.get(address).content.decode()


def test_leads_alone_ask(release, corpus, lead, client_of):
    LanguageModelJudge(
        release=release, encoder="tiny-lm", language="zh", turns=0, shots=0
    ).request_by(lead)
    judge = LanguageModelJudge.objects.get()
    addresses = [
        judge.page_url,
        reverse("language_model_judge_progress", args=[judge.pk]),
        reverse("new_language_model_judge", args=[corpus.pk]),
    ]
    for person in (make_person(), make_member(corpus)):
        assert {client_of(person).get(each).status_code for each in addresses} == {404}
