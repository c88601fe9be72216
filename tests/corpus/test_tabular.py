"""Tables of every kind: what is read, what is reported by line, and that nothing is lost unsaid."""

import csv
import datetime
import io
import zipfile

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.control_characters import escaped, printable
from corpus import spreadsheets, tabular
from corpus.tabular import TableError, number, read, read_text


def rows(table):
    return [(row.line, *row.cells.values()) for row in table.rows]


def outcomes(table):
    return [(p.line, p.outcome) for p in table.problems]


def said(table):
    return [p.reason % p.details for p in table.problems]


# ---------------------------------------------------------------- delimited text


@pytest.mark.parametrize(
    ("text", "delimiter", "expected"),
    [
        ("a,b\n1,2\n", ",", [(2, "1", "2")]),
        ("a;b\n1,5;2\n", ";", [(2, "1,5", "2")]),
        ("a\tb\n1,5\tx; y\n", "\t", [(2, "1,5", "x; y")]),
        ("a|b\n1|2\n", "|", [(2, "1", "2")]),
        ('"a;b";c\n"1;2";3\n', ";", [(2, "1;2", "3")]),
        ('a, b\n1, "x, y"\n', ",", [(2, "1", "x, y")]),
        ('a,b\n"1" ,"x, y" \n', ",", [(2, "1", "x, y")]),
        ("sep=;\na;b\n1;2\n", ";", [(3, "1", "2")]),
        ("text\nhello, you\nbye; now\n", "", [(2, "hello, you"), (3, "bye; now")]),
        ("\ufeffa,b\r\n1,2\r\n", ",", [(2, "1", "2")]),
        ("\n\na,b\n\n1,2\n\n", ",", [(5, "1", "2")]),
        ("\u200ba,\ufeffb\n1,2\n", ",", [(2, "1", "2")]),
        ('a,b\n1,"two\nlines"\n2,x', ",", [(2, "1", "two\nlines"), (4, "2", "x")]),
        ('a,b\n1,say "hi"\n', ",", [(2, "1", 'say "hi"')]),
        ('a,b\n1,"say ""hi"""\n', ",", [(2, "1", 'say "hi"')]),
    ],
)
def test_delimiters_and_quotes(text, delimiter, expected):
    table = read_text(text)
    assert (table.delimiter, rows(table), table.problems) == (delimiter, expected, [])
    assert not any("\u200b" in name or "\ufeff" in name for name in table.columns)


def test_a_doubtful_delimiter_is_decided_by_the_names_expected():
    assert read_text("time (s, rel);text\n1,5;hi\n", expected=["text"]).delimiter == ";"


@pytest.mark.parametrize(
    ("opened", "read_lines"),
    [
        ('1,2,"好,A\n3,4,快,B\n5,6,走,A', [3, 4]),  # to the end of the file
        ('1,2,"好,A\n3,4,快,B\n5,6,"走",A', [3, 4]),  # to the next quote
        ('1,2,"好,A\n3,4,快,B\n5,6,走",A', [3, 4]),  # a stray quote closes it
        ('1,2,"好,A\n3,4,快,"\n5,6,走,A', [4]),  # two of them
        ('1,2,"好"的,A\n3,4,快,B', [3]),  # text after the quote
        ('1,2,"说 \\"好\\"",A\n3,4,快,B', [3]),  # another way to escape
    ],
)
def test_an_open_quote_costs_its_line_and_no_other(opened, read_lines):
    table = read_text(f"start,end,text,speaker\n{opened}\n")
    assert [row.line for row in table.rows] == read_lines
    assert outcomes(table)[0] == (2, "rejected")


def test_a_cell_of_lines_that_look_like_rows_is_said():
    table = read_text('a,b\n1,"x\n2,y\nz"\n')
    assert rows(table) == [(2, "1", "x\n2,y\nz")] and outcomes(table) == [(2, "warning")]
    assert "goes on to line 4" in said(table)[0]


def test_ragged_rows_are_reported_and_no_cell_is_shifted():
    table = read_text("a,b,c\n1,2\n3,4,5\n6,7,8,9\n1,2,3,\n,,,,\n")
    assert rows(table) == [(3, "3", "4", "5"), (6, "", "", "")]
    assert outcomes(table) == [(2, "rejected"), (4, "rejected"), (5, "rejected")]
    assert "2 cells and the header 3" in said(table)[0]


def test_a_giant_cell_costs_its_row_only():
    long = "好" * (tabular.LARGEST_CELL + 1)
    table = read_text(f'a,b\n"{long}",1\n2,3\n')
    assert rows(table) == [(3, "2", "3")]
    assert said(table) == ["a cell has 100001 characters; the row was left out"]
    assert len(table.problems[0].value) == 2000


def test_what_no_database_stores_is_removed_and_reported():
    table = read_text('a,b\n"x\x00y\x07",1\n"p\u2028q",2\nIt\x92s,3\n')
    assert rows(table) == [(2, "xy", "1"), (3, "p\u2028q", "2"), (4, "It’s", "3")]
    assert [(p.line, p.column, p.outcome) for p in table.problems] == [
        (2, "a", "repaired"), (4, "a", "repaired"),
    ]  # fmt: skip
    assert table.problems[0].value == "x\\x00y\\x07"
    assert printable("a\ud800b") == ("a\ufffdb", 1) and escaped("a\ud800") == "a\\ud800"
    assert printable("plain 文本\ttab\n") == ("plain 文本\ttab\n", 0)


@pytest.mark.parametrize("separator", "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
def test_separators_in_texts_part_nothing_and_stay(separator):
    text = f"p{separator}q"
    for cell in (text, f'"{text}"'):
        table = read_text(f"a,b\n{cell},1\n{cell},2\n")
        assert rows(table) == [(2, text, "1"), (3, text, "2")] and table.problems == []


def test_names_that_repeat_or_lack_are_reported():
    table = read_text("a,a,,b,\n1,2,3,4,\n")
    assert table.columns == ["a", "a (2)", "column 3", "b"] and table.repeated == ("a",)
    assert rows(table) == [(2, "1", "2", "3", "4")]
    assert outcomes(table) == [(1, "warning"), (1, "warning")]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), ("1,5", 1.5), (" -2 ", -2.0), ("−2", -2.0), ("1e3", 1000.0), (".5", 0.5),
     ("1,234.5", None), ("1.234,5", None), ("1 000", None), ("1,2,3", None), ("", None),
     ("nan", None), ("１", 1.0), ("12:30", None)],
)  # fmt: skip
def test_numbers(text, value):
    assert number(text) == value


@pytest.mark.parametrize(
    ("name", "data", "part"),
    [
        ("a.csv", b"  \n", "empty"),
        ("a.csv", b"PK\x03\x04rest", r"suffix \.xlsx"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", r"old Excel workbook"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", r"old Excel workbook"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
         "password"),
        ("a.xlsx", b"start,end,text\n1,2,x\n", "not a valid XLSX"),
        ("a.csv", b"a,b\n" + b'"x\n' * 3000, "1000 rows have a broken quote.*line 2"),
        ("a.csv", b"a,b\n", "no rows"),
        ("a.csv", b"x" * 200_000, "Line 1 is the header, in which a cell has 200000 characters"),
        ("a.csv", b'a,"b\n1,2\n', "Line 1 is the header, in which a quote is opened"),
        ("a.jsonl", b"[1, 2]\n", "Line 1 is not a JSON object"),
        ("a.csv", b"a,b\n1,2,3\n", "No row.*line 2 has 3 cells and the header 2"),
        ("a.csv", b'a,b\n1,"x\n', "No row.*1 were left out.*line 2"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_a_sentence(name, data, part):
    with pytest.raises(TableError, match=part):
        read(name, data).require_rows()


def test_a_table_of_too_many_cells_is_refused():
    few = spreadsheets.Limits(10, 10_000)
    lines = "\n".join(f"{n},{n}" for n in range(9))
    with pytest.raises(TableError, match="more than 10 cells"):
        read("a.csv", f"a,b\n{lines}".encode(), limits=few)
    records = "\n".join(f'{{"a": {n}, "b": 1}}' for n in range(9))
    with pytest.raises(TableError, match="more than 10 cells"):
        read("a.jsonl", records.encode(), limits=few)


CELLS = st.text(st.characters(exclude_characters="\r", exclude_categories=("Cc", "Cs", "Zl", "Zp")))


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12),
    st.sampled_from(tabular.DELIMITERS),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
)
@example([["1,5", "a\tb", 'x "y"']], ";", csv.QUOTE_MINIMAL, "\r\n")
def test_what_csv_writes_is_read_back_exactly(cells, delimiter, quoting, ends):
    target = io.StringIO()
    writer = csv.writer(target, delimiter=delimiter, quoting=quoting, lineterminator=ends)
    writer.writerows([["start", "end", "text"], *cells])
    table = read("a.csv", target.getvalue().encode(), encoding="utf-8")
    found = [list(row.cells.values()) for row in table.rows]
    assert found == [row if any(map(str.strip, row)) else ["", "", ""] for row in cells]
    assert table.delimiter == delimiter and table.problems == []


@settings(deadline=None, max_examples=300)
@given(st.data(), st.lists(st.integers(0, 200), max_size=8))
def test_a_damaged_file_gives_a_table_or_a_sentence(data, places):
    whole = bytearray('start,end,text\n1,2,"好, ""再见"""\n3,4,快\n5,6,走\n'.encode() * 2)
    for place in places:
        whole[place % len(whole)] = data.draw(st.integers(0, 255))
    try:
        table = read("a.csv", bytes(whole))
    except TableError as error:
        assert str(error)
        return
    assert all(set(row.cells) == set(table.columns) for row in table.rows)


# ---------------------------------------------------------------- JSON Lines


def test_json_lines_are_read_by_name():
    text = '{"a": 1, "b": 2.0}\n\n{"b": "x", "c": null}\n{"a": true}\n'
    table = read("a.jsonl", text.encode())
    assert table.columns == ["a", "b", "c"]
    assert rows(table) == [(1, "1", "2", ""), (3, "", "x", ""), (4, "TRUE", "", "")]


def test_a_bad_line_of_json_costs_itself():
    text = '{"a": 1}\nhello\n[1]\n{"a": 1, "a": 2}\n{"a": [1]}\n{"a": 9}\n' + "[" * 90000 + "\n"
    table = read("a.jsonl", text.encode())
    assert rows(table) == [(1, "1"), (5, ""), (6, "9")]
    assert [p.line for p in table.problems] == [2, 3, 4, 5, 7]
    assert said(table)[2] == "the name a stands twice in the object"


# ---------------------------------------------------------------- spreadsheets


def workbook(*sheets, finish=lambda book: None):
    """A workbook of (name, rows)."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, cells in sheets:
        sheet = book.create_sheet(name)
        for row in cells:
            sheet.append(row)
    finish(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def changed(data, part, change):
    """The workbook with one of its parts changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", 8) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    return target.getvalue()


FIRST = "xl/worksheets/sheet1.xml"
HEADER = ("start", "end", "text", "speaker")


def test_a_sheet_is_read_by_its_cells_not_its_declared_size():
    data = workbook(("S", [HEADER, *((n, n + 1, f"第{n}行", "A") for n in range(5))]))
    stale = changed(data, FIRST, lambda xml: xml.replace(b'ref="A1:D6"', b'ref="A1:B2"'))
    assert stale != data
    table = read("a.xlsx", stale)
    assert len(table.rows) == 5 and table.rows[4].cells["text"] == "第4行"
    assert table.problems == [] and (table.sheet, table.sheets) == ("S", ("S",))
    assert table.where(3, "text") == "text (S!C3)"


def test_merged_rows_are_filled_and_said():
    def merge(book):
        book["S"].merge_cells("D2:D4")
        book["S"].merge_cells("A4:B4")

    data = workbook(
        ("S", [HEADER, (1, 3, "甲", "王"), (4, 6, "乙"), (7, None, "丙")]), finish=merge
    )
    data = changed(data, FIRST, lambda xml: xml.replace(b"D2:D4", b"D2:D1048576"))
    table = read("a.xlsx", data)
    assert [row.cells["speaker"] for row in table.rows] == ["王", "王", "王"]
    assert table.rows[2].cells["end"] == ""
    assert sorted((p.column, p.outcome) for p in table.problems) == [
        ("S!A4:B4", "warning"), ("S!D2:D1048576", "repaired"),
    ]  # fmt: skip


def test_values_of_every_kind():
    cells = [
        (datetime.time(0, 1, 2, 500000), datetime.timedelta(hours=25, seconds=1)),
        (0.1 + 0.2, 12345678901),
        (True, datetime.datetime(2026, 1, 2)),
        (3.0, -1.25),
        ("=1+1", "x"),
        ("#REF!", "_x0007_a"),
    ]
    table = read("a.xlsx", workbook(("S", [("a", "b"), *cells])))
    assert rows(table) == [
        (2, "00:01:02.5", "25:00:01"),
        (3, "0.3", "12345678901"),
        (4, "TRUE", "2026-01-02 00:00:00"),
        (5, "3", "-1.25"),
        (6, "", "x"),
        (7, "", "a"),
    ]
    assert [(p.line, p.column, p.value, p.outcome) for p in table.problems] == [
        (6, "S!A6", "=1+1", "rejected"),
        (7, "S!A7", "#REF!", "rejected"),
        (7, "b", "\\x07a", "repaired"),
    ]


def test_other_sheets_and_what_is_hidden_are_said():
    def hide(book):
        book["old"].sheet_state = "hidden"
        book["new"].row_dimensions[2].hidden = True
        book["new"].column_dimensions["B"].hidden = True

    data = workbook(
        ("empty", []),
        ("old", [("a", "b"), (1, 2)]),
        ("new", [("a", "b"), (3, 4)]),
        ("more", [("c",), (5,)]),
        finish=hide,
    )
    table = read("a.xlsx", data)
    assert (table.sheet, rows(table)) == ("new", [(2, "3", "4")])
    assert table.sheets == ("empty", "old", "new", "more")
    assert [(p.value, p.outcome) for p in table.problems] == [
        ("2", "warning"), ("B:B", "warning"), ("old (hidden), more", "warning"),
    ]  # fmt: skip
    assert rows(read("a.xlsx", data, sheet="old")) == [(2, "1", "2")]
    with pytest.raises(TableError, match="no sheet “x”; it has empty, old"):
        read("a.xlsx", data, sheet="x")


def test_rows_and_columns_with_gaps_keep_their_places():
    def scatter(book):
        sheet = book["S"]
        sheet["A3"], sheet["C3"], sheet["B900000"], sheet["D5"] = "a", "c", "x", "y"

    table = read("a.xlsx", workbook(("S", []), finish=scatter))
    assert table.columns == ["a", "column 2", "c", "column 4"]
    assert table.where(5, "column 4") == "column 4 (S!D5)"
    assert rows(table) == [(5, "", "", "", "y"), (900000, "", "x", "", "")]


def test_columns_that_start_later_keep_their_letters():
    data = workbook(("S", [(None, None, "a", None, "b"), (None, None, 1, None, 2)]))
    table = read("a.xlsx", data)
    assert rows(table) == [(2, "1", "2")] and table.where(2, "b") == "b (S!E2)"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", ",".join(f"c{n}" for n in range(20_000)) + "\n1\n"),
        ("a.csv", ",".join("a" * 16_000) + "\n" + ",\n" * 500),
        ("a.jsonl", "\n".join(f'{{"c{n}": 1}}' for n in range(2_000))),
    ],
)
def test_wide_tables_do_not_fill_memory(name, text):
    with pytest.raises(TableError, match="more than"):
        read(name, text.encode()).require_rows()


@pytest.mark.parametrize(
    ("part", "change", "sentence"),
    [
        (FIRST, lambda xml: xml + b" " * (65 * 1024**2), "too large"),
        (FIRST, lambda xml: xml.replace(b"</row>", b"<c/>" * 60 + b"</row>"), "too large"),
        (FIRST, lambda xml: xml + b"<x/>" * 1000, "too large"),
        (FIRST, lambda xml: xml.replace(b'r="B2"', b'r="ZZZZ2"'), "columns|not a valid"),
        (FIRST, lambda xml: xml.replace(b'r="B2"', b'r="XFD2"'), "too many cells"),
        ("xl/workbook.xml", lambda xml: xml.replace(
            b"<workbook", b'<!DOCTYPE x [<!ENTITY a "b">]><workbook', 1), "entities"),
        ("xl/workbook.xml", lambda xml: xml.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main"), "Strict Open XML"),
        ("xl/styles.xml", lambda xml: xml.replace(b"</cellXfs>", b"<xf/>" * 600_000), "too large"),
        ("docProps/app.xml", lambda xml: b"", None),
    ],
)  # fmt: skip
def test_a_hostile_workbook_is_refused_before_it_fills_memory(part, change, sentence):
    data = changed(workbook(("S", [("a", "b"), (1, 2)])), part, change)
    limits = spreadsheets.Limits(100, 64 * 1024**2)
    if sentence is None:
        assert len(read("a.xlsx", data, limits=limits).rows) == 1
        return
    with pytest.raises(TableError, match=sentence):
        read("a.xlsx", data, limits=limits)


@settings(deadline=None, max_examples=150)
@given(st.data(), st.lists(st.integers(0, 10_000), min_size=1, max_size=6))
def test_a_damaged_workbook_gives_a_table_or_a_sentence(data, places):
    whole = workbook(("S", [HEADER, (1, 2, "甲", "王"), (datetime.time(0, 0, 3), 4, "=1", "王")]))
    part = data.draw(st.sampled_from([FIRST, "xl/workbook.xml", "xl/styles.xml", None]))

    def damage(content):
        content = bytearray(content)
        for place in places:
            content[place % len(content)] = data.draw(st.integers(0, 255))
        return bytes(content)

    broken = changed(whole, part, damage) if part else damage(whole)
    try:
        read("a.xlsx", broken)
    except TableError as error:
        assert str(error)


def test_a_packed_workbook_is_read_as_the_workbook():
    data = workbook(("one", [("a", "b"), (1, "x\u2028y")]), ("two", [("c",), ("=1",)]))
    packed = b"".join(spreadsheets.pack(spreadsheets.read(data)))
    for sheet in ("", "one", "two"):
        assert read(f"a.xlsx{spreadsheets.CELLS}", packed, sheet=sheet) == read(
            "a.xlsx", data, sheet=sheet
        )


@settings(max_examples=300)
@given(st.text('ab ,;\t"\n\u2028\x01', max_size=60))
@example('a, b\n 1, "x, y"\n  2, z\n')
@example("text\n  one, two\nthree\n\n")
def test_lines_without_quotes_are_read_as_all_others(text):
    def outcome():
        try:
            return read_text(text)
        except TableError as error:
            return str(error)

    quick = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            tabular,
            "_plain",
            lambda line, *how: tabular._record(line, 0, tabular._cell_of(*how))[0],
        )
        assert outcome() == quick


def test_where_the_header_is_asked_for_only_the_first_rows_are_read():
    data = b"text,n\n" + b"words and words,1\n" * 20_000
    first = read("a.csv", data, only_header=True)
    assert first.columns == ["text", "n"] and 1000 < len(first.rows) < 5000
    assert first.problems == []
    assert len(read("a.csv", b"text\nno end", only_header=True).rows) == 1
