"""From the form to a run whose encoder was fine-tuned by LoRA, in the browser."""

import pytest
from django.urls import reverse

from tests.factories import make_corpus, make_judged_round, make_person, make_release
from tests.modeling.encoder_factories import make_encoder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_lead_fine_tunes_an_encoder(sign_in, settings, tmp_path):
    settings.ENCODERS_DIR = str(tmp_path)
    make_encoder("bert", tmp_path / "tiny-bert")
    corpus = make_corpus(make_person("lead"))
    make_release(corpus, [make_judged_round(corpus, dialogues=6)], media="none")
    page = sign_in("lead")
    page.goto(reverse("new_run", args=[corpus.pk]))
    page.get_by_label("hard sharing, small").uncheck()
    page.get_by_label("hard sharing, text only").check()
    page.get_by_text("Advanced settings").click()
    page.get_by_label("text encoder", exact=True).select_option("tiny-bert")
    page.get_by_label("maximum epochs").fill("1")
    page.get_by_label("tuning of the text encoder").select_option("lora")
    page.get_by_text("parameters that learn").wait_for()
    assert "tuning of the text encoder" in page.locator("[data-part=changed]").inner_text()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("link", name="Configuration").click()
    page.get_by_text("fine-tuned by LoRA").wait_for()
    page.get_by_text("trained parameters").wait_for()
