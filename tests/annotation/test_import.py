import pytest
from django.core.management import CommandError, call_command

from annotation.models import Assignment, Judgement, Round
from corpus.models import Corpus, Finding, Utterance
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
    assert Finding.objects.get().why == "read as empty"
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
def test_the_published_corpus(test_data, capsys):
    """1,800 dialogues and 13,788 labelled utterances from train, 600 and 4,046 from dev."""
    load(*(str(test_data / f"cmma/{name}.csv") for name in ("train", "dev")))
    said = capsys.readouterr().out
    assert "train.csv: 1800 dialogues, 13788 labelled utterances, 110301 labels; 1912 rows" in said
    assert "dev.csv: 600 dialogues, 4046 labelled utterances, 32368 labels; 0 rows" in said
    assert Utterance.objects.count() == 17834
    assert Judgement.objects.values("utterance").distinct().count() == 17834
    assert Finding.objects.filter(column="").count() == 1912


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
