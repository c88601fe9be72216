"""A scheme whose tasks are called as attributes, columns, form fields and separators are, and texts
in which every separator stands that a line could be taken to end at.
"""

from annotation.scheme import Scheme, Task, Value

TEXTS = (
    "a\u2028b", "a\u2029b", "a\u0085b", "a\x0bb", "a\x0cb", "a\x1cb\x1db\x1eb", "a\rb", "a\nb",
    "a\r\nb", "a\tb", "\ufeffa", "a\u200bb\u200dc", "👩‍👩‍👧‍👦😀", "e\u0301 é", '"a", b; \'c\'',
    "<a>&amp;</a>", "=1+1", "\\N{\\n}", "\u3000乙\u3000甲\u3000乙", "好",
)  # fmt: skip
PAIRS = (  # values of two
    ("no", "yes"), ("nan", "null"), ("True", "False"), ("0", "1"), ("a/b", "c=d"), ("e,f", "g h"),
    ("items", "values"), ("+1", "&x"), ("None", "inf"), ("label", "<b>"),
)  # fmt: skip
KEYS = (
    *("type", "values", "train", "items", "keys", "mean", "utterance", "task", "_", "id", "text"),
    *("csrfmiddlewaretoken", "情感 一", "a.b", "text_label", "id_votes", "x" * 40),
)


def _task(key, values, **more):
    result = tuple(Value(value, {"en": value, "zh": value}) for value in values)
    return Task(key, {"en": key, "zh": key}, "nominal", result, **more)


def _relation(key, source, target):
    return _task(key, ("-1", "0", "1"), source=source, target=target)


SCHEME = Scheme(
    (
        _task("sentiment", ("negative", "neutral", "positive")),
        *(_task(key, PAIRS[n % len(PAIRS)]) for n, key in enumerate(KEYS)),
        _relation("forward", "type", "values"),
        _relation("type_values", "情感 一", "csrfmiddlewaretoken"),
    )
)
