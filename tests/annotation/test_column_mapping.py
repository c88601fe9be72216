"""The mapping pages: guesses, decisions, what is remembered, and the command that takes it."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from annotation.models import Judgement, Round, TableImport
from corpus.models import Corpus, Utterance
from jobs.models import JobStatus
from tests.annotation.imported_files import counts, files

pytestmark = pytest.mark.django_db
TABLE = (
    "对话编号,说话人,台词,情绪,语气\n"
    "1,甲,好,高兴,软\n1,乙,不,悲伤,硬\n2,甲,走,不确定,硬\n2,乙,来,高兴,软\n"
).encode()


@pytest.fixture
def table(send, corpus):
    """A table that no format fits, as it waits for a mapping."""
    found = send("new_table_import", corpus.pk, files=files(labels__csv=TABLE))
    assert found.status == JobStatus.DRAFT and found.report["format"] == "mapped"
    return found


def uses(found, **changed):
    """What the form of the columns sends when it is sent as it was filled in."""
    sent = {"verb": "columns"}
    for place, column in enumerate(found.report["columns"]):
        sent |= {f"{name}-{place}": column[name] for name in ("use", "task", "annotator")}
    return sent | changed


VALUES = {"task-0": "emotion", "value-0-0": "joy", "value-0-1": "-", "value-0-2": "sadness"}
NEW_TASK = {
    "task-1": "", "key-1": "语气", "scale-1": "binary", "value-1-0": "软", "value-1-1": "强硬",
}  # fmt: skip


def test_a_table_is_mapped_by_hand(send, table, client):
    assert send("table_import", table.pk) and send.response.status_code == 302
    page = client.get(reverse("column_mapping", args=[table.pk])).content.decode()
    assert "台词" in page and "Map columns" in page
    found = send("column_mapping", table.pk, **uses(table, **{"use-4": "label"}))
    page = client.get(reverse("value_mapping", args=[table.pk])).content.decode()
    assert '<option value="joy" selected>' in page and "不确定" in page
    send("value_mapping", table.pk, **{"task-0": "emotion", "value-0-0": "joy"})
    assert "decide what “不确定” means" in send.response.content.decode()
    found = send("value_mapping", table.pk, **VALUES, **NEW_TASK)
    assert found.status == JobStatus.DRAFT, found.failure_text
    assert (
        found.report["counts"] | {"dialogues": 2, "utterances": 4, "labels": 7}
        == (found.report["counts"])
    )
    send("confirm_table_import", table.pk, labels="published")
    assert Round.objects.get().name == "labels (published)"
    assert Round.objects.get().scheme.keys == ("emotion", "语气")
    values = Judgement.objects.values_list("value", flat=True)
    assert sorted(values) == ["joy", "joy", "sadness", "强硬", "强硬", "软", "软"]
    send("undo_table_import", table.pk)
    assert counts() == [0] * 8


def test_a_mapping_is_remembered_and_the_command_takes_it(
    send,
    table,
    corpus,
    client,
    tmp_path,
):
    send("column_mapping", table.pk, **uses(table))
    send("value_mapping", table.pk, **VALUES)
    kept = client.get(reverse("mapping_file", args=[table.pk])).content
    again = send("new_table_import", corpus.pk, files=files(more__csv=TABLE), format="mapped")
    page = client.get(reverse("column_mapping", args=[again.pk])).content.decode()
    assert "A mapping of an earlier import fits" in page
    again = send("column_mapping", again.pk, verb="remembered")
    assert again.report["counts"]["labels"] == 3
    (tmp_path / "mapping.json").write_bytes(kept)
    (tmp_path / "labels.csv").write_bytes(TABLE)
    arguments = [str(tmp_path / "labels.csv")]
    options = {"mapping": tmp_path / "mapping.json", "corpus": "新"}
    call_command("import_table", *arguments, check=True, **options)
    assert not Utterance.objects.exists()
    call_command("import_table", *arguments, **options)
    assert Corpus.objects.get(name="新").dialogues.count() == 2 and Judgement.objects.count() == 3
    (tmp_path / "labels.csv").write_bytes(TABLE.replace("高兴".encode(), "狂喜".encode()))
    with pytest.raises(CommandError, match="狂喜"):
        call_command("import_table", *arguments, **options)


def test_a_mapping_comes_from_a_file(send, table):
    send("column_mapping", table.pk, **uses(table))
    send("value_mapping", table.pk, **VALUES)
    whole = TableImport.objects.get().mapping
    sent = files(mapping__json=json.dumps(whole).encode())
    found = send("column_mapping", table.pk, verb="file", mapping=sent[0])
    assert found.status == JobStatus.DRAFT and found.report["counts"]["labels"] == 3
    send("column_mapping", table.pk, verb="file", mapping=files(x__json=b"[]")[0])
    assert "The mapping cannot be read" in send.response.content.decode()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"use-2": ""}, "Choose the column of the text."),
        ({"use-1": "text"}, "have the same use"),
        ({"use-3": "annotators"}, "Name the annotator"),
    ],
)
def test_what_makes_no_sense_is_said(send, table, changed, sentence):
    send("column_mapping", table.pk, **uses(table, **changed))
    assert sentence in send.response.content.decode()
