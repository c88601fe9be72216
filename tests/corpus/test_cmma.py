import csv
import io
from dataclasses import replace

import pytest

from corpus.formats import FormatError, cmma, reader

HEADER = (
    "ConversationID,UtteranceID,Utterance,Speaker,StartTime,EndTime,Emotion,Sentiment,Sarcasm,"
    "Humor,Relevancy(Emo→Sen),Relevancy(Sar→Hum),Pride,Love"
)


def row(**cells):
    values = {
        "ConversationID": "C_1",
        "UtteranceID": "C_1_U_1",
        "Utterance": "你好",
        "Speaker": "张三",
        "StartTime": '"00:00:01,000"',
        "EndTime": '"00:00:02,000"',
        "Emotion": "joy",
        "Sentiment": "positive",
        "Sarcasm": "none",
        "Humor": "humor",
        "Relevancy(Emo→Sen)": "2",
        "Relevancy(Sar→Hum)": "-1",
        "Pride": "none",
        "Love": "none",
    } | cells
    return ",".join(values.values())


@pytest.fixture
def table(tmp_path):
    def write(*rows, header=HEADER):
        path = tmp_path / "train.csv"
        path.write_bytes("\r\n".join([header, *rows, ""]).encode("gb18030"))
        return cmma.read(path)

    return write


def outcomes(found):
    return [(p.line, p.column, p.value, p.outcome) for p in found.problems]


def test_a_clean_row(table):
    found = table(row())
    assert found.problems == [] and found.split == "train"
    assert found.rows[0].labels == {
        "emotion": "joy",
        "sentiment": "positive",
        "sarcasm": "no",
        "humor": "yes",
        "emotion_sentiment": "2",
        "sarcasm_humor": "-1",
        "pride": "no",
        "love": "none",
    }
    assert (found.rows[0].start, found.rows[0].end, found.rows[0].line) == (1.0, 2.0, 2)


def test_the_misspelt_header_is_known(table):
    assert len(table(row(), header=HEADER.replace("Conversation", "Coversation", 1)).rows) == 1


@pytest.mark.parametrize(
    ("cells", "outcome"),
    [
        ({"StartTime": "00:00:01500"}, "repaired"),
        ({"EndTime": '">00:00:02,000"'}, "repaired"),
        ({"EndTime": '"00:00:02,02"'}, "rejected"),
        ({"EndTime": '"00:00:00,500"'}, "rejected"),
        ({"Love": "emptylove"}, "repaired"),
        ({"Relevancy(Emo→Sen)": "0.5"}, "rejected"),
        ({"Emotion": ""}, "rejected"),
        ({"UtteranceID": "C_2_U_1"}, "repaired"),
    ],
)
def test_odd_cells_are_reported_by_line_and_the_row_stays(table, cells, outcome):
    found = table(row(), row(**({"UtteranceID": "C_1_U_2"} | cells)))
    column, value = next(iter(cells.items()))
    assert outcomes(found) == [(3, column, value.strip('"'), outcome)]
    assert len(found.rows) == 2
    if column == "Relevancy(Emo→Sen)":
        assert "emotion_sentiment" not in found.rows[1].labels
    if column == "EndTime" and outcome == "rejected":
        assert found.rows[1].end is None


FIRST = (
    "DialogueID,UtteranceID,TextContent,Speaker,StartTime,EndTime,Emotion,Sentiment,Sarcasm,"
    "Humor,Relevancy(Emo→Sen),Relevancy(Sar→Hum),Pride,Love"
)


def test_the_first_version_is_a_layout_of_its_own(table):
    one = row(Sarcasm="no", Humor="yes", Pride="no", Love="lovewillcomeintime")
    two = row(
        UtteranceID="C_1_U_2", Sarcasm="yes", Humor="no", Pride="yes", Love="no", Emotion="digust",
        **{"Relevancy(Sar→Hum)": "0.5"},
    )  # fmt: skip
    found = table(one, two, header=FIRST)
    assert [r.labels["love"] for r in found.rows] == ["growing", "none"]
    assert [(r.labels["sarcasm"], r.labels["humor"]) for r in found.rows] == [
        ("no", "yes"), ("yes", "no"),
    ]  # fmt: skip
    assert found.rows[1].labels["emotion"] == "disgust"
    assert outcomes(found) == [
        (2, "Love", "lovewillcomeintime", "repaired"),
        (3, "Emotion", "digust", "repaired"),
        (3, "Relevancy(Sar→Hum)", "0.5", "rejected"),
    ]
    assert found.rows[0].text == "你好" and found.ignored == []


@pytest.mark.parametrize(("written", "value"), [("0", "no"), ("1", "yes"), ("yes", "yes")])
def test_a_yes_or_no_may_be_a_number(table, written, value):
    found = table(row(Sarcasm=written, Humor=written, Pride=written))
    assert [found.rows[0].labels[task] for task in ("sarcasm", "humor", "pride")] == [value] * 3
    assert found.problems == []


@pytest.mark.parametrize(
    ("cells", "task", "value"),
    [
        ({"Emotion": "digust"}, "emotion", "disgust"),
        ({"Emotion": " Joy"}, "emotion", "joy"),
        ({"Emotion": "JOY"}, "emotion", "joy"),
        ({"Emotion": "ｊｏｙ"}, "emotion", "joy"),
        ({"Relevancy(Emo→Sen)": "-1.0"}, "emotion_sentiment", "-1"),
        ({"Relevancy(Emo→Sen)": "+2"}, "emotion_sentiment", "2"),
    ],
)
def test_values_of_one_reading_are_repaired_and_reported(table, cells, task, value):
    found = table(row(**cells))
    column, cell = next(iter(cells.items()))
    assert found.rows[0].labels[task] == value
    assert outcomes(found) == [(2, column, cell.strip(), "repaired")]


def test_rows_that_cannot_be_used_are_counted_and_named(table):
    blank = "," * 13
    unlabelled = "C_1,C_1_U_3,你好,张三,,,,,,,,,,"
    found = table(row(), blank, unlabelled, row(), row(UtteranceID="C_1_U_9") + ",x")
    assert (len(found.rows), found.unlabelled) == (1, 2)
    assert [p.line for p in found.problems] == [3, 4, 5, 6]
    assert {p.outcome for p in found.problems} == {"rejected"}


def test_another_table_is_refused(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="line 1.*ConversationID"):
        cmma.read(path)
    path.write_bytes(b"")
    with pytest.raises(FormatError):
        cmma.read(path)
    with pytest.raises(FormatError, match="cmma"):
        reader("nonsense")


def test_the_published_files(test_data):
    train, dev = (cmma.read(test_data / "cmma" / f"{name}.csv") for name in ("train", "dev"))
    assert (len(train.dialogues), len(train.rows), train.unlabelled) == (1800, 13788, 1912)
    assert (len(dev.dialogues), len(dev.rows), dev.unlabelled) == (600, 4046, 0)
    assert {p.line for p in train.problems if p.reason == "the row is blank"} == set(
        range(13790, 15702)
    )
    cells = [(p.line, p.column, p.outcome) for p in train.problems if p.column]
    assert (11283, "StartTime", "repaired") in cells and len(cells) == 26


def test_the_published_table_in_other_writings(test_data, tmp_path):
    """With other delimiters and encodings, as the first version, and with open quotes in it."""
    text = (test_data / "cmma/train.csv").read_bytes().decode("gb18030")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    published = [replace(row, line=0) for row in cmma.read(test_data / "cmma/train.csv").rows]

    def read(rows, delimiter, encoding):
        target = io.StringIO()
        csv.writer(target, delimiter=delimiter).writerows(rows)
        path = tmp_path / "train.csv"
        path.write_bytes(target.getvalue().encode(encoding))
        return [replace(row, line=0) for row in cmma.read(path).rows]

    assert read(rows, ";", "utf-16") == published
    yes_no = {"none": "no", "sarcastic": "yes", "humor": "yes", "pride": "yes"}
    other = {"growing": "lovewillcomeintime", "disgust": "digust"}
    first = [
        [yes_no[cell] if place in (8, 9, 12) and cell else other.get(cell, cell)
         for place, cell in enumerate(row)]
        for row in rows[1:]
    ]  # fmt: skip
    header = ["DialogueID", rows[0][1], "TextContent", *rows[0][3:]]
    assert read([header, *first], ",", "gb18030") == published
    lines = text.split("\r\n")
    opened = range(500, 13_000, 1000)
    for place in opened:
        lines[place] = lines[place].replace(",", ',"', 1)
    path = tmp_path / "train.csv"
    path.write_bytes("\r\n".join(lines).encode("gb18030"))
    found = cmma.read(path)
    assert len(found.rows) == len(published) - 13
    assert [p.line for p in found.problems if "quote" in p.reason] == [n + 1 for n in opened]
