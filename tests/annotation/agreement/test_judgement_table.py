"""What a table of judgements says: missing answers, equal numbers, names, and lines refused."""

import io

import openpyxl
import pytest

from annotation.agreement.judgement_table import Options, TableError, read, sentence

HEADER = "unit,annotator,value\n"


def table(text, level="nominal", name="table.csv", **options):
    data = text if isinstance(text, bytes) else text.encode()
    return read(name, data, level, Options(**options))


def values(*cells, **options):
    """The table of cells that two annotators gave to one unit after the other."""
    rows = "".join(f"u{n // 2},{'ab'[n % 2]},{cell}\n" for n, cell in enumerate(cells))
    return table(HEADER + rows, **options)


def said(found):
    return "\n".join(map(sentence, found.notes))


def refused(text, level="nominal", **options):
    with pytest.raises(TableError) as error:
        table(text, level, **options)
    return str(error.value)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_one_and_one_point_zero_are_one_value(level):
    found = values("1", "1.0", "2", "2.0", "1", "2.0", level=level)
    assert found.values == ["1", "2"]
    assert found.judgements.value.tolist() == [0, 0, 1, 1, 0, 1]
    assert "'1' (2×) and '1.0' (1×), '2' (1×) and '2.0' (2×)" in said(found)


def test_equal_numbers_on_each_scale():
    cells = ("1", "01", "+1", "1e0", "1.0", "2", '"2,0"', "２")
    assert values(*cells, level="interval").values == ["1", "2"]
    assert values(*cells, level="ordinal").values == ["1", "2"]
    # codes may differ in a zero before them: on a nominal scale they are said and stay apart
    found = values(*cells)
    assert found.values == ["1", "+1", "01", "1e0", "2", "２"] and "are apart" in said(found)
    apart = values("1", "1.0", numbers=False)
    assert apart.values == ["1", "1.0"] and "'1' and '1.0' are apart" in said(apart)
    assert values("1", "1.0", "x", "x").values == ["1", "1.0", "x"]  # no table of numbers
    assert values("-1", "−1", "0", "٠", level="interval").values == ["-1", "0"]


def test_numbers_by_size_and_longer_than_floats():
    assert values("10", "9", "2.5", "-3", level="ordinal").values == ["-3", "2.5", "9", "10"]
    long = values("100000000000000000001", "100000000000000000002")
    assert len(long.values) == 2


def test_decimal_commas_are_said():
    found = table("unit;annotator;value\nu;a;1,5\nu;b;1.5\n", "interval")
    assert found.values == ["1,5"] or found.values == ["1.5"]
    assert found.judgements.points.tolist() == [1.5] and "decimal point" in said(found)
    assert "thousands" in said(table("unit;annotator;value\nu;a;1,500\nu;b;2,000\n", "interval"))


@pytest.mark.parametrize(
    "cell",
    ["NA", "N/A", "n/a", "nan", "NaN", "NULL", "null", "None", "", "  ", "#N/A", "<NA>", "\\N"],
)
def test_missing_answers_are_counted(cell):
    found = values("1", "2", cell, "2", level="interval")
    assert found.values == ["1", "2"] and len(found.judgements.unit) == 3
    assert found.missing == {cell.strip(): 1}
    assert "line 4: missing answers: 1" in said(found)
    words = values("good", "bad", cell, "bad")
    assert words.values == ["bad", "good"]


def test_what_may_be_missing_depends_on_the_others():
    numbers = values("1", "-", "none", "2", level="nominal")
    assert numbers.values == ["1", "2"] and numbers.missing == {"-": 1, "none": 1}
    words = values("mild", "none", "strong", "-")
    assert words.values == ["-", "mild", "none", "strong"]
    assert "line 3: 'none' is counted as a value; if it is no answer, say --missing=none" in said(
        words
    )
    ordered = values("none", "mild", level="ordinal", values=["none", "mild"])
    assert ordered.values == ["none", "mild"] and not ordered.missing
    assert values("NA", "b", values=["NA", "b"]).values == ["NA", "b"]


def test_missing_answers_are_what_one_says():
    found = values("nan", "x", "NA", "", missing=["NA"])
    assert found.values == ["nan", "x"] and found.missing == {"NA": 1, "": 1}
    assert values("nan", "NA", "", "x", missing=[]).values == ["NA", "nan", "x"]


def test_names_are_stripped():
    found = table(HEADER + "u1,a,x\nu1,b,x \n u1 ,c\u3000,x\n\ufeffu1\u200b,d,y\n")
    assert (found.units, found.annotators) == (["u1"], ["a", "b", "c", "d"])
    assert found.values == ["x", "y"]
    assert "line 4: annotator: spaces around cells were removed: 1×" in said(found)


def test_names_that_look_alike_are_said_and_merged_on_request():
    text = HEADER + "u1,Anna,good\nｕ１,anna,Good\nu2,Anna,bad\nu2,be\u200bn,bad\nu2,ben,bad\n"
    found = table(text)
    assert len(found.units) == 3 and found.annotators == ["Anna", "anna", "ben", "be\u200bn"]
    for pair in (
        "unit: 'u1' and 'ｕ１' are apart",
        "'Anna' and 'anna', 'be\\u200bn' and 'ben' are apart",
        "value: 'good' and 'Good' are apart; --merge-spellings",
    ):
        assert pair in said(found)
    text = HEADER + "u1,Anna,good\nｕ１,ben,Good\nu2,anna,bad\nu2,ben,bad\n"
    merged = table(text, spellings=True)
    assert len(merged.units) == len(merged.annotators) == len(merged.values) == 2
    assert "'Anna' (1×) and 'anna' (1×)" in said(merged)


def test_ids_that_became_floats_are_one():
    found = table(HEADER + "1,7,x\n1.0,8.0,y\n2,7.0,x\n2,8,x\n")
    assert (found.units, found.annotators) == (["1", "2"], ["7", "8"])
    assert "unit: taken as one: '1' (1×) and '1.0' (1×)" in said(found)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_delimiters_and_encodings(delimiter, encoding):
    rows = [["unit", "annotator", "value"], ["第一句", "安娜", "高兴"], ["第一句", "本", "难过"]]
    text = "\r\n".join(delimiter.join(row) for row in rows) + "\r\n"
    found = table(text.encode(encoding))
    assert found.annotators == ["安娜", "本"] and found.values == ["难过", "高兴"]
    assert ("read as" in said(found)) == (not encoding.startswith("utf-8"))


def test_an_encoding_can_be_named():
    text = HEADER + "u1,José,1\nu1,Ana,2\n"
    assert table(text.encode("latin-1"), encoding="latin-1").annotators == ["Ana", "José"]
    assert "not text" in refused(text.encode("latin-1"), encoding="utf-8")


def test_spreadsheets_and_json_lines():
    book = openpyxl.Workbook()
    for row in (["unit", "annotator", "value"], ["u", "a", 1], ["u", "b", 1.0], ["v", "a", 2]):
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    assert table(data.getvalue(), name="table.xlsx").values == ["1", "2"]
    lines = (
        '{"unit": 1, "annotator": "a", "value": 1}\n{"unit": 1, "annotator": "b", "value": 1.0}\n'
    )
    assert table(lines, name="table.jsonl").values == ["1"]


def test_columns_by_any_case_and_order():
    found = table("Value, Cluster,Annotator ,UNIT\nx,d,a,u\ny,d,b,u\n")
    assert found.values == ["x", "y"] and found.clusters.tolist() == [0]
    words = refused("unit,anna,ben\nu1,x,y\n")
    assert "no column annotator, value; found unit, anna, ben" in words
    assert "u1,anna,positive" in words  # an example of what is expected
    assert "more than one column is called value" in refused(
        "unit,annotator,value,value\nu,a,1,2\n"
    )


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        ("u1,a,x\nu1,b\n", "nominal", "line 3: the row has 2 cells and the header 3"),
        ("u1,a,x,y\nu1,b,x\n", "nominal", "line 2: the row has 4 cells and the header 3"),
        ("u1,,x\n,b,x\n", "nominal", "line 2: no annotator\nline 3: no unit"),
        ("u1,a,x\nu1,b,x\nu1,a,y\n", "nominal", "line 4: 'a' judged 'u1' before, in line 2"),
        ("u1,a,x\nu1,a ,x\n", "nominal", "line 3: 'a' judged 'u1' before, in line 2"),
        ('u1,a,"x\nu1,b,y\nu2,a,x\n', "nominal", "line 2: a quote is opened and not closed"),
        ("u1,a,1\nu1,b,high\n", "interval", "line 3: 'high' is no number"),
        ("u1,a,1\nu1,b,inf\n", "interval", "line 3: 'inf' is no number"),
        ("u1,a,1\nu1,b,1_000\n", "interval", "line 3: '1_000' is no number"),
        ("u1,a,1\nu1,b,1e400\n", "interval", "line 3: '1e400' is too large a number"),
        ("u1,a,1\nu1,b,-2\n", "ratio", "line 3: '-2' is below zero"),
        ("u1,a,1\nu1,b,high\n", "ordinal", "line 3: not all values are numbers: 'high'."),
        ("u1,a,low\nu1,b,high\n", "ordinal", "say the order of high, low with --values a,b,c"),
        ("u1,a,\nu1,b,nan\n", "nominal", "the table has no judgement"),
    ],
)  # fmt: skip
def test_lines_that_cannot_be_used_are_refused_by_line(text, level, words):
    assert words in refused(HEADER + text, level)


def test_bad_lines_are_skipped_on_request():
    text = HEADER + "u1,a,1\nu1,b,x\nu1,b,2\nu2,a,1,1\nu2,b,1\nu2,b,2\n,c,1\n"
    found = table(text, "interval", skip=True)
    assert len(found.judgements.unit) == 3 and found.values == ["1", "2"]
    for line in (3, 5, 7, 8):
        assert f"line {line}: " in said(found)
    many = HEADER + "".join(f"u{n},,1\n" for n in range(30))
    assert refused(many).endswith("line 21: no annotator\nand 10 lines more")


def test_values_that_are_possible():
    options = {"values": ["low", "high"], "level": "ordinal"}
    assert values("high", "high", **options).values == ["low", "high"]
    assert "line 3: 'mid' is not one of low, high" in refused(
        HEADER + "u,a,low\nu,b,mid\n", **options
    )
    assert values("1.0", "2", level="ordinal", values=["1", "2", "3"]).values == ["1", "2", "3"]
    for wrong in (["1", "1.0"], ["1", "1"]):
        assert "--values" in refused(HEADER + "u,a,1\n", "ordinal", values=wrong)
    assert "--values: 'x' is no number" in refused(
        HEADER + "u,a,1\n", "interval", values=["x", "1"]
    )
    merged = values("HIGH", "low", spellings=True, **options)
    assert merged.judgements.value.tolist() == [1, 0]


def test_clusters():
    header = "unit,annotator,value,cluster\n"
    found = table(header + "u,a,x,d1\nu,b,x,\nv,a,y, d2\nw,a,x,d1\n")
    assert found.clusters.tolist() == [0, 1, 0]
    assert table(header + "u,a,x,\nu,b,x,\n").clusters is None
    apart = header + "u,a,x,d1\nu,b,x,d2\n"
    assert "line 3: unit 'u' is in cluster 'd2' and in 'd1' (line 2)" in refused(apart)
    assert "line 3: unit 'v' has no cluster" in refused(header + "u,a,x,d1\nv,b,x,\n")
