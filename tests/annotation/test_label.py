"""The command `label`: the whole of a file or nothing of it, with every bad line named."""

import pytest
from django.core.management import CommandError, call_command

from annotation.models import Judgement, Round, Suggestion
from tests.corpus.test_tabular import workbook
from tests.factories import make_dialogue, make_member

pytestmark = pytest.mark.django_db
HEADER = "annotator,utterance,task,value"


@pytest.fixture
def label(corpus, tmp_path, capsys):
    """Save a file's answers in a round of two annotators over two utterances; what was said."""
    make_dialogue(corpus, size=2, uid="D")
    for name in ("anno1", "anno2"):
        make_member(corpus, username=name)
    make_member(corpus, username="other")
    people = ["anno1", "anno2"]
    call_command("open_round", "one", corpus=corpus.name, annotators=people, overlap=2)
    capsys.readouterr()

    def save(content, name="labels.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        call_command("label", str(Round.objects.get().pk), str(path), **options)
        return capsys.readouterr().out

    return save


def refused(label, *rows, header=HEADER, **options):
    with pytest.raises(CommandError) as caught:
        label("\n".join([header, *rows]), **options)
    assert str(caught.value).endswith("Nothing was saved.") and not Judgement.objects.exists()
    return str(caught.value)


def test_the_same_question_twice(label):
    said = refused(label, "anno1,D_U_1,sentiment,positive", "anno1,D_U_1,sentiment,negative")
    assert "line 3: anno1, D_U_1, sentiment stands in line 2 as well." in said


def test_every_bad_line_is_named(label):
    said = refused(
        label,
        "anno1,D_U_1,sentiment,positive",
        "anno1,D_U_1,emotion,",
        "nobody,D_U_1,emotion,joy",
        "anno1,D_U_9,emotion,joy",
        "anno1,D_U_1,colour,joy",
        "anno1,D_U_2,emotion,purple",
        "other,D_U_1,emotion,joy",
        "anno1,D_U_2,emotion",
        'anno1,D_U_2,"emotion,joy',
    )
    for line, part in {
        3: "the cell value is empty", 4: "no annotator “nobody”", 5: "no utterance “D_U_9”",
        6: "no task “colour”", 7: "“purple” is not a value of emotion; expected joy",
        8: "no annotator “other”", 9: "3 cells and the header 4", 10: "a quote is opened",
    }.items():  # fmt: skip
        assert f"line {line}: " in said and part in said, (line, said)
    assert "line 2:" not in said


def test_more_than_twenty_bad_lines_are_counted(label):
    said = refused(label, *(f"anno1,X{n},emotion,joy" for n in range(25)))
    assert "line 21:" in said and "line 22:" not in said and "and 5 more lines." in said


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("annotator;utterance;task;value\nanno1;D_U_1;emotion;joy\n", "a.csv"),
        ("annotator\tutterance\ttask\tvalue\nanno1\tD_U_1\temotion\tjoy\n", "a.tsv"),
        ("value,task,utterance,annotator,note\njoy,emotion,D_U_1,anno1,好\n".encode("gb18030"),
         "a.csv"),
        ("\ufeffannotator,utterance,task,value\r\nanno1 , D_U_1,emotion,ＪＯＹ\r\n", "a.csv"),
        ('{"annotator": "anno1", "utterance": "D_U_1", "task": "emotion", "value": "joy"}',
         "a.jsonl"),
        (workbook(("S", [HEADER.split(","), ("anno1", "D_U_1", "emotion", "joy")])), "a.xlsx"),
    ],
)  # fmt: skip
def test_every_kind_of_table(label, text, name):
    said = label(text, name)
    assert "1 answers saved, 0 dialogues handed in" in said
    row = Judgement.objects.get()
    assert (row.assignment.person.username, row.utterance.uid, row.task, row.value) == (
        "anno1", "D_U_1", "emotion", "joy",
    )  # fmt: skip
    assert ("read as joy" in said) == ("ＪＯＹ" in str(text))


def test_a_check_saves_nothing(label):
    said = label(f"{HEADER}\nanno1,D_U_1,emotion,joy\n", check=True)
    assert "1 answers can be saved, 0 dialogues handed in; nothing was saved" in said
    assert "1 rows (utf-8, delimiter ',')" in said and not Judgement.objects.exists()


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("who,what\n", "line 1: expected the columns.*missing: annotator.*found: who, what"),
        ("annotator,utterance,task,value,value\na,b,c,d,e\n", "the column value stands twice"),
        (HEADER, "has no rows"),
        ("", "empty"),
        (b"PK\x03\x04", "spreadsheet or an archive"),
        (b"\xff\xfe\x00", "not text|decoded|not"),
    ],
)
def test_what_is_no_table_of_answers(label, content, part):
    with pytest.raises(CommandError, match=part):
        label(content)


def test_suggestions_are_read_as_answers_are(label, corpus, tmp_path, capsys):
    path = tmp_path / "machine.csv"
    header = "utterance;task;value;probability\n"
    rows = "D_U_1;emotion;joy;0,7\nD_U_1;emotion;joy;0,2\nD_U_1;emotion;fear\nX;emotion;joy;0,1\n"
    path.write_text(header + rows + "D_U_2;emotion;joy;2\nD_U_2;emotion;;0,5\n")
    with pytest.raises(CommandError) as caught:
        call_command("suggest", str(path), corpus=corpus.name, origin="m")
    lines = str(caught.value).splitlines()
    assert [line.split("line ")[1][0] for line in lines] == ["3", "4", "5", "6", "7"]
    path.write_text(header + "D_U_1;emotion;joy;0,7\nD_U_1;emotion;fear;0,2\n")
    with pytest.raises(CommandError, match="line 3: a second value for 'emotion' of 'D_U_1'"):
        call_command("suggest", str(path), corpus=corpus.name, origin="m")
    path.write_text(header + "D_U_1;emotion;joy;0,7\n")
    call_command("suggest", str(path), corpus=corpus.name, origin="m", check=True)
    assert "1 suggestions can be stored; nothing was stored" in capsys.readouterr().out
    call_command("suggest", str(path), corpus=corpus.name, origin="m")
    assert Suggestion.objects.get().probability == 0.7
