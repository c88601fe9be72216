"""What a browser never sends and a script does: strategies for fields, addresses and bodies."""

import json

from hypothesis import strategies as st

NUMBERS = [
    "-1", "-0", "0", "1", "2", "01", "1.5", "1e999", "-1e999", "nan", "inf", "1_000", " 1 ", "+1",
    "0x10", "²", "٣", "１", "9" * 19, "9" * 40, "9" * 5000, str(2**31), str(2**63 - 1),
    str(2**63), str(10**17), "1" + "0" * 400 + ".5", "5e-324",
]  # fmt: skip
TEXTS = [
    "", " ", "\0", "a\0b", "\ufffd", "\ufeff", "\u2028", "\u0085", "\r\n", "a\nb", "\u202e", "😀",
    "👨‍👩‍👧", "x" * 41, "x" * 81, "x" * 301, "x" * 5001, "中" * 2001, "%", "%00", "%ff", "_", "'",
    '"',
    "ﷺ" * 80,
    "\\", "' OR 1=1 --", "{{7*7}}", "{% x %}", "%(name)s", "%s%n", "<script>", "../../etc/passwd",
    "a|b|c", "=1+1", "[", "{", "null", "true", "false", "undefined", "-", "/", "//", "?", "#",
]  # fmt: skip
TIMES = [
    "0001-01-01", "9999-12-31", "2024-02-30", "99999-01-01", "0000-00-00", "2024-01-01T00:00:00",
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2024-01-01T00:00:00+00:00",
    "1e9", "12:00", "70/15/15", "999/999/999", "0/0/0", "1.0.0", "999999999999.0.0",
]  # fmt: skip
NAMES = [
    "00000000-0000-0000-0000-000000000000", "g" * 36, "１" * 32, "task", "value", "open", "all",
    "text", "csv", "size", "on", "assign", "withdraw", "block", "qualify", "resolve", "undo",
    "emotion", "sentiment", "joy", "anger", "negative", "cannot_tell", "majority", "label:emotion",
]  # fmt: skip
JSON = [
    "", "null", "[]", "{}", "1", '"x"', "{", "NaN", '{"base": NaN}', '{"base": 1e999}',
    '{"base": 0, "base": 1}', '{"base": true}', '{"base": "0"}', '{"base": 0.0}',
    '{"base": -1, "to": "undo"}', '{"base": 1, "to": -1}', '{"base": 1, "to": 99999999999999999}',
    '{"base": ' + "9" * 30 + ', "to": "undo"}', '{"base": ' + "9" * 5000 + "}",
    "[" * 100_000, '{"base":' * 5000, '{"base": 1, "to": "\\ud800"}',
    '{"base": 1, "to": "\\u0000"}',
    '{"base": 1, "turns": {}}', '{"base": 1, "client_id": {}, "turns": []}', "\ufeff{}",
]  # fmt: skip

values = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(TEXTS),
    st.sampled_from(TIMES),
    st.sampled_from(NAMES),
    st.integers().map(str),
    st.floats().map(str),
    st.text(max_size=12),
    st.text(alphabet="0123456789eE+-._,/:| \0\n", max_size=12),
).map(lambda text: text.encode("utf-8", "replace").decode())  # what a client can send at all

ID = "b9d3b2a4-31a6-4e0a-9a1c-c1ef6a7b1f11"
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-2, 5), st.floats(), st.text(max_size=8),
    st.sampled_from([*NUMBERS, *NAMES, *TEXTS, "\ud800", 10**30, -(10**30), 1e308, ID]),
)  # fmt: skip
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


@st.composite
def edits(draw):
    """The body of an edit of a dialogue, more or less."""
    turn = {
        "uid": draw(st.none() | st.text(max_size=5) | scalars),
        "speaker": draw(scalars),
        "text": draw(scalars),
        "translation": draw(st.text(max_size=5) | scalars),
        "start": draw(st.floats() | scalars),
        "end": draw(st.floats() | scalars),
        "machine": draw(scalars),
    }
    kept = draw(st.sets(st.sampled_from(sorted(turn))))
    fine = {"uid": None, "speaker": None, "text": "a", "translation": "", "start": 0, "end": 1}
    turns = draw(st.sampled_from([[fine | {n: turn[n] for n in kept}], [], None, [None], "x"]))
    body = {"base": 1, "client_id": ID, "turns": turns, "to": draw(scalars)}
    changed = draw(st.dictionaries(st.sampled_from(sorted(body)), trees, max_size=1))
    return json.dumps(body | changed)


bodies = st.one_of(st.sampled_from(JSON), edits(), trees.map(json.dumps))
HEADERS = {
    "Range": ["bytes=0-", "bytes=" + "9" * 5000 + "-", "bytes=-" + "9" * 30, "bytes=5-1", "x\0",
              "bytes=０-１", "bytes=0-1,3-4"],
    "If-Range": ["x", '"' + "x" * 5000 + '"'],
    "If-None-Match": ["*", "\0", '"' + "x" * 5000 + '"'],
    "If-Modified-Since": ["x", "Thu, 01 Jan 99999 00:00:00 GMT", "9" * 5000],
    "Accept-Language": ["zh-" + "x" * 5000, "\0", "zh;q=nan,en;q=1e999", "*", "zh-hans"],
    "Accept": ["application/json", "\0", "text/html;q=" + "9" * 5000],
    "Content-Type": [
        "multipart/form-data", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\xff",
        "application/x-www-form-urlencoded; charset=hex", "text/html; charset=utf-16", "\0", "x",
        "application/json; charset=rot13", "multipart/form-data; boundary=x; charset=zip",
    ],
    "Cookie": ['sessionid="\\000"; csrftoken="\\000"; django_language="\\000x"', "=;=;\xff",
               "sessionid=" + "x" * 5000],
    "HX-Request": ["true"],
    "HX-Current-URL": ["http://[", "%00", "\xff"],
    "HX-Target": ["\0", "x" * 5000],
    "Authorization": ["Token", "Token a b", "Token \0", "Token \xff", "Basic x",
                      "Bearer " + "x" * 999],
    "Upload-Length": [*NUMBERS],
    "Upload-Offset": [*NUMBERS],
    "Upload-Metadata": ["filename", "filename \xff", "filename YQBi", "filename " + "YWFh" * 999,
                        "filename 7aCA", "x y z", "filename ====", "filename AAAA"],
    "Upload-Checksum": ["sha256", "sha256 \xff", "md5 x", "\0"],
    "Content-Range": ["bytes 0-" + "9" * 5000 + "/*", "\0"],
    "X-Forwarded-For": ["\0", "::1"],
    "Referer": ["http://[", "x" * 5000],
    "Origin": ["null", "http://["],
    "Host": ["a b", "[", "x" * 500, "\0"],
}  # fmt: skip
headers = st.dictionaries(st.sampled_from(sorted(HEADERS)), st.integers(0, 40), max_size=2).map(
    lambda drawn: {name: HEADERS[name][n % len(HEADERS[name])] for name, n in drawn.items()}
)
