"""Every string of the interface is in the Chinese catalogue."""

import re
from io import BytesIO
from pathlib import Path

import allauth
import django
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "locale/zh_Hans/LC_MESSAGES/django.po"
APPS = [
    "core",
    "jobs",
    "people",
    "corpus",
    "annotation",
    "releases",
    "modeling",
    "backups",
    "config",
]
KEYWORDS = ["_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "pgettext"]
TEXT = r"u?(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
CALL = re.compile(rf"\bn?p?gettext\({TEXT}(?:, ?{TEXT})*(?:, ?count)?\)")
PLACEHOLDER = re.compile(r"%\((\w+)\)")


def of_python(source: str):
    for _, function, words, _ in extract_python(BytesIO(source.encode()), KEYWORDS, [], {}):
        words = (words,) if isinstance(words, str) else words or (None,)
        yield words[1] if function == "pgettext" else words[0]


def strings():
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            for words in of_python(path.read_text("utf-8")):
                if words:
                    yield path, words
    for path in (ROOT / "templates").rglob("*.html"):
        code = templatize(path.read_text("utf-8"), origin=str(path))
        for line in code.splitlines():
            for call in CALL.findall(line):
                for words in of_python(call):
                    yield path, words


def test_the_catalogue_is_complete():
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file)
    known = {
        (message.id[0] if isinstance(message.id, tuple) else message.id): message
        for message in catalogue
        if message.id
    }
    found = list(strings())
    assert len(found) > 250
    missing = {words: path for path, words in found if words not in known}
    assert missing == {}
    empty = [
        m.id
        for m in known.values()
        if not m.string or (type(m.string) is tuple and not m.string[0])
    ]  # noqa: E501
    assert empty == []


def test_translations_keep_their_placeholders():
    with CATALOGUE.open("rb") as file:
        for message in read_po(file):
            if message.id:
                source = message.id[-1] if isinstance(message.id, tuple) else message.id
                said = message.string[0] if isinstance(message.string, tuple) else message.string
                assert set(PLACEHOLDER.findall(source)) == set(PLACEHOLDER.findall(said)), source


def test_no_words_in_templates_escape_translation():
    """Text between tags must come from a tag, a variable, or be no word at all."""
    allowed = re.compile(
        r"^(声情|Shengqing|English|中文|SHA|α|AC|CSV|JSON|LaTeX|SVG|PNG|p|n|macro"
        r"|F1|Space|Enter|Backspace|R|L|U|s|lead|anno\d"
        r"|AUROC|ECE|evaluation|json|judge|python|verify|py|manage|requeue|KB|MB|CPU|GPU|TensorBoard|✎|\W|\d)*$"
    )
    for path in (ROOT / "templates").rglob("*.html"):
        if path.name == "500.html":
            continue  # rendered when nothing works: both languages are written out
        text = path.read_text("utf-8")
        text = re.sub(r"{% block body_class %}\w*{% endblock %}", "", text)
        text = re.sub(r"{% comment %}.*?{% endcomment %}", "", text, flags=re.S)
        text = re.sub(r"{% (blocktrans\w*).*?{% end\1 %}", "", text, flags=re.S)
        text = re.sub(r"<(script|code|kbd|option)\b.*?</\1>", "", text, flags=re.S)
        text = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", text, flags=re.S)
        text = re.sub(r"<[^>]*>|&\w+;", " ", text, flags=re.S)
        for word in text.split():
            assert allowed.match(word), (path, word)


def test_the_extractor_finds_what_it_must():
    assert list(of_python('x = _("a b")\ny = pgettext("c", "d")')) == ["a b", "d"]


def test_the_catalogue_has_nothing_that_no_source_says():
    """The longest piece of each text between its placeholders stands in some source of ours or in
    the catalogue of a package whose texts we translate better.
    """
    sources = " ".join(path.read_text("utf-8") for path in sources_of_texts())
    lines = re.sub(r"[\"']\s*\n\s*[\"']", "", sources.replace('\\"', '"'))
    known = {" ".join(text.replace("\\n", " ").split()) for text in (sources, lines)}
    with CATALOGUE.open("rb") as file:
        ids = [message.id for message in read_po(file) if message.id]
    texts = [words[0] if isinstance(words, tuple) else words for words in ids]
    left = [words for words in texts if not any(longest_piece(words) in one for one in known)]
    assert left == []


def sources_of_texts():
    for folder in [*APPS, "demo", "templates", "static/js"]:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".html", ".txt", ".js"):
                yield path
    for package in (django, allauth):
        yield from Path(package.__file__).parent.rglob("locale/de/LC_MESSAGES/django.po")


def longest_piece(words):
    pieces = re.split(r"%\(\w+\)[sd]", words.replace("%%", "%"))
    return max((" ".join(piece.split()) for piece in pieces), key=len)
