import csv
import json

import pytest
from django.core.management import CommandError, call_command

from annotation.models import Assignment, Judgement, Round
from corpus.models import Corpus, ImportProblem, Utterance
from people.models import Person
from tests.corpus.test_cmma import HEADER, row


def write(path, *rows):
    path.write_bytes("\r\n".join([HEADER, *rows, ""]).encode("gb18030"))
    return str(path)


def load(*paths, **more):
    call_command("import_corpus", *paths, format="cmma", corpus="CMMA", **more)


@pytest.mark.django_db
def test_labels_become_one_published_judgement(tmp_path, lead):
    path = write(tmp_path / "train.csv", row(), row(UtteranceID="C_1_U_2", Love="emptylove"))
    load(path, lead="lead", report=tmp_path / "report.csv")
    corpus = Corpus.objects.get(name="CMMA")
    assert corpus.role_of(lead) == "lead"
    assert Utterance.objects.count() == 2 and Judgement.objects.count() == 16
    published = Round.objects.get()
    assert published.published and published.scheme.keys[-1] == "love"
    assert Assignment.objects.submitted().get().person.username == "published-labels"
    assert not Person.objects.get(username="published-labels").has_usable_password()
    assert ImportProblem.objects.get().why == "read as empty"
    report = (tmp_path / "report.csv").read_text("utf-8-sig").splitlines()
    assert report[1] == "train.csv,3,Love,emptylove,repaired,read as empty"


@pytest.mark.django_db
def test_all_files_or_none(tmp_path):
    good = write(tmp_path / "train.csv", row())
    bad = tmp_path / "dev.csv"
    bad.write_text("a,b\n")
    with pytest.raises(CommandError, match="dev.csv, line 1.*Nothing was imported"):
        load(good, str(bad))
    assert not Corpus.objects.exists() and not Utterance.objects.exists()
    load(good)
    with pytest.raises(CommandError, match="already"):
        load(good)
    twin = write(tmp_path / "again.csv", row())
    with pytest.raises(CommandError, match="1 of its dialogues"):
        load(twin)
    assert Utterance.objects.count() == 1


@pytest.mark.django_db
def test_files_whose_long_names_begin_alike_are_two_sources(tmp_path):
    name = "电视剧" * 28  # 84 characters of 252 bytes
    paths = [write(tmp_path / f"{name}-{n}", row(ConversationID=f"C_{n}")) for n in (1, 2)]
    load(*paths)
    titles = list(Corpus.objects.get().sources.order_by("pk").values_list("title", flat=True))
    assert len(set(titles)) == 2 and {len(title) for title in titles} == {80}
    assert all(title.startswith(name[:71] + "…") for title in titles)
    with pytest.raises(CommandError, match="already"):
        load(*paths)


@pytest.mark.django_db
def test_the_published_corpus(test_data, capsys):
    """1,800 dialogues and 13,788 labelled utterances from train, 600 and 4,046 from dev."""
    load(*(str(test_data / f"cmma/{name}.csv") for name in ("train", "dev")))
    said = capsys.readouterr().out
    assert "train.csv: 1800 dialogues, 13788 labelled utterances, 110301 labels; 1912 rows" in said
    assert "dev.csv: 600 dialogues, 4046 labelled utterances, 32368 labels; 0 rows" in said
    assert Utterance.objects.count() == 17834
    assert Judgement.objects.values("utterance").distinct().count() == 17834
    assert ImportProblem.objects.filter(column="").count() == 1912


@pytest.mark.django_db
def test_a_format_with_other_values_brings_a_scheme_of_its_own(tmp_path):
    header = (
        "TV_ID,Dialogue_ID,Utterance_ID,Speaker,Gender,Age,Neuroticism,Extraversion,Openness,"
        "Agreeableness,Conscientiousness,Scene,FacePosition_LU,FacePosition_RD,Sentiment,Emotion,"
        "DA,Utterance\n"
    )
    first = "1,1_0,1_0_0,甲,female,young,high,high,low,high,high,car,1_1,2_2,"
    first += "neutral,worried,answer,好\n"
    path = tmp_path / "train_split.csv"
    path.write_text(header + first)
    call_command("import_corpus", str(path), format="cped", corpus="CPED")
    scheme = Round.objects.get().scheme
    assert scheme.keys == ("sentiment", "emotion", "dialogue_act")
    assert len(scheme["emotion"].keys) == 13 and scheme["sentiment"].level == "ordinal"
    assert Corpus.objects.get().speakers.get().traits["age"] == "young"
    second = tmp_path / "test_split.csv"
    second.write_text(header + first.replace("1_0", "2_0").replace("worried", "grateful"))
    call_command("import_corpus", str(second), format="cped", corpus="CPED")
    assert Round.objects.count() == 1 and Judgement.objects.count() == 6


CHOICES = [
    ("d1", "今天真倒霉", "甲", [(3, "negative", "yes"), (4, "neutral", "yes")]),
    ("d1", "会好起来的", "乙", [(3, "positive", "yes")]),
]


def export(*tasks):
    """A Label Studio export of utterances with everybody's sentiment and audible."""
    return [
        {
            "id": number,
            "data": {"text": text, "dialogue": dialogue, "speaker": speaker},
            "annotations": [
                {
                    "completed_by": who,
                    "result": [
                        {"type": "choices", "from_name": name, "value": {"choices": [value]}}
                        for name, value in zip(("sentiment", "audible"), values, strict=True)
                    ],
                }
                for who, *values in given
            ],
        }
        for number, (dialogue, text, speaker, given) in enumerate(tasks, 11)
    ]


def load_tasks(tmp_path, tasks, name="ls.json", **more):
    path = tmp_path / name
    path.write_text(json.dumps(tasks), "utf-8")
    call_command("import_corpus", str(path), format="labelstudio", corpus="LS", **more)


@pytest.mark.django_db
def test_a_control_with_one_answer_is_reported_and_the_others_are_kept(tmp_path, capsys):
    load_tasks(tmp_path, export(*CHOICES))
    said = capsys.readouterr().out
    assert "ls.json, audible: rejected 'yes': all 3 labels are the same" in said
    assert list(Judgement.objects.order_by("pk").values_list("utterance__text", "value")) == [
        ("今天真倒霉", "negative"), ("会好起来的", "positive"), ("今天真倒霉", "neutral"),
    ]  # fmt: skip
    assert ImportProblem.objects.get().column == "audible" and Utterance.objects.count() == 2


@pytest.mark.django_db
def test_tasks_without_answers_come_in_without_a_round(tmp_path, capsys):
    load_tasks(tmp_path, export(("d1", "你好", "甲", [])))
    assert "0 labelled utterances, 1 utterances without labels, 0 labels" in capsys.readouterr().out
    assert Utterance.objects.count() == 1 and not Round.objects.exists()


@pytest.mark.django_db
def test_what_a_scheme_does_not_know_is_refused_unless_it_comes_at_once(tmp_path):
    first = export(("d1", "你好", "甲", [(1, "positive", "yes"), (2, "positive", "no")]))
    second = export(("d2", "再见", "甲", [(1, "negative", "hardly"), (2, "positive", "no")]))
    load_tasks(tmp_path, first)
    with pytest.raises(
        CommandError, match="audible in .* has no value hardly.*Nothing was imported"
    ):
        load_tasks(tmp_path, second, "more.json")
    Corpus.objects.all().update(name="other")
    paths = [str(tmp_path / name) for name in ("ls.json", "more.json")]
    call_command("import_corpus", *paths, format="labelstudio", corpus="LS")
    audible = Round.objects.get(corpus__name="LS").scheme["audible"]
    assert set(audible.keys) == {"yes", "no", "hardly"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rows", "part"),
    [
        ([row(UtteranceID="")], "1 rows were skipped; first skipped row: 2"),
        ([",".join(["C_1", "C_1_U_1", "你好", "张三", *[""] * 10])], "has no label in any column"),
        (["," * 13], "the row is blank"),
        ([row() + ",x"], "line 2 has 15 cells and the header 14"),
    ],
)
def test_a_file_in_which_nothing_can_be_read_says_so(tmp_path, rows, part):
    path = write(tmp_path / "train.csv", *rows)
    with pytest.raises(CommandError, match=f"train.csv.*{part}.*Nothing was imported"):
        load(path)
    tasks = export(("d1", "", "甲", [(1, "positive", "yes")]))
    with pytest.raises(CommandError, match="ls.json: nothing could be imported"):
        load_tasks(tmp_path, tasks)
    assert not Corpus.objects.exists()


@pytest.mark.django_db
def test_a_check_writes_nothing_and_shows_what_an_import_shows(tmp_path, capsys):
    long = "不" * 300
    path = write(tmp_path / "train.csv", row(), row(UtteranceID="C_1_U_2", Emotion=long))
    load(path, check=True, report=tmp_path / "report.csv")
    said = capsys.readouterr().out
    assert "train.csv: 1 dialogues, 2 labelled utterances, 15 labels" in said and long in said
    assert "Nothing was written." in said and not Corpus.objects.exists()
    report = list(csv.reader((tmp_path / "report.csv").open(encoding="utf-8-sig", newline="")))
    assert report[1][:5] == ["train.csv", "3", "Emotion", long, "rejected"]
    load(path)
    assert capsys.readouterr().out.startswith(said[: said.index("every finding")])
    assert ImportProblem.objects.get().value == long


@pytest.mark.django_db
def test_more_findings_than_are_shown_say_where_they_are(tmp_path, capsys):
    rows = [row(UtteranceID=f"C_1_U_{n}", Love="emptylove") for n in range(25)]
    load(write(tmp_path / "train.csv", *rows), check=True)
    said = capsys.readouterr().out
    assert said.count("read as empty") == 20
    assert "and 5 more; --report FILE writes all of them" in said


@pytest.mark.django_db
def test_a_cell_with_what_no_database_stores(tmp_path):
    path = write(
        tmp_path / "train.csv", row(Utterance="你\x00好", Speaker="张\x07三", Love="a\x00")
    )
    load(path)
    assert Utterance.objects.get().text == "你好"
    assert Utterance.objects.get().speaker.name == "张三"
    values = ImportProblem.objects.order_by("pk").values_list("column", "value")
    assert set(values) == {
        ("Utterance", "你\\x00好"), ("Speaker", "张\\x07三"), ("Love", "a\\x00"), ("Love", "a"),
    }  # fmt: skip
