"""Scripts and style sheets: one place of requests and of keys, and every name leads to a file."""

import json
import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

ROOT = settings.ROOT
SCRIPTS = ROOT / "static/js"
TEMPLATES = ROOT / "templates"
STATIC_TAG = re.compile(r"""\{% static ["']([^"']+)["'] %\}""")
IMPORT = re.compile(r"""^(?:import|\} from|export .* from)\b.*?["']([^"']+)["']$""", re.M)
LATER = re.compile(r"""\bimport\(["']([^"']+)["']\)""")  # loaded when it is needed
CUSTOM_TAG = re.compile(r"</([a-z]+(?:-[a-z]+)+)>")  # "c-…" is a component of the templates
LAYER = re.compile(r"^@layer ([^;{]+);", re.M)


def scripts():
    return sorted(SCRIPTS.rglob("*.js"))


def import_map():
    text = (TEMPLATES / "_import_map.html").read_text("utf-8")
    body = re.search(r'<script type="importmap"[^>]*>(.*?)</script>', text, re.S).group(1)
    return json.loads(STATIC_TAG.sub(r"\1", body))["imports"]


def code_of(path):
    """The text of a script without its line comments."""
    return re.sub(r"(^|\s)//.*$", "", path.read_text("utf-8"), flags=re.M)


@pytest.mark.parametrize(
    ("call", "homes"),
    [
        ("fetch(", {"http.js"}),
        (
            '"keydown"',
            {"shortcuts.js", "activity-timer.js"},
        ),  # the timer only notes that there was one
        ("localStorage", {"resend-queue.js", "tus-upload.js", "page-settings.js"}),
    ],
)
def test_requests_keys_and_storage_have_one_place_each(call, homes):
    assert {path.name for path in scripts() if call in code_of(path)} == homes


def test_no_page_makes_requests_in_another_way():
    text = "".join(code_of(path) for path in scripts())
    assert "XMLHttpRequest" not in text and "sendBeacon" not in text


def test_the_import_map_names_files_that_exist():
    imports = import_map()
    assert len(imports) > 10
    missing = [name for name, path in imports.items() if path.startswith("js/")
               if not finders.find(path)]  # fmt: skip
    assert missing == []
    for path in imports.values():
        if path.startswith("vendor/") and (ROOT / "node_modules").exists():
            assert finders.find(path), path


def test_every_import_is_in_the_import_map_and_every_entry_is_imported():
    imports = import_map()
    texts = [code_of(path) for path in scripts()]
    used = {name for text in texts for name in IMPORT.findall(text) + LATER.findall(text)}
    assert used == set(imports)
    modules = {path.relative_to(ROOT / "static").as_posix() for path in scripts()}
    elements = {path for path in modules if path.startswith("js/elements/")}
    assert modules - elements == {path for path in imports.values() if path.startswith("js/")}


def test_what_templates_load_exists_and_their_elements_are_defined():
    defined = set()
    for path in (SCRIPTS / "elements").glob("*.js"):
        defined |= set(re.findall(r'customElements\.define\("([^"]+)"', path.read_text("utf-8")))
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text("utf-8")
        for name in STATIC_TAG.findall(text):
            assert name.startswith("vendor/") or finders.find(name), (template, name)
        tags = {tag for tag in CUSTOM_TAG.findall(text) if not tag.startswith("c-")}
        assert tags <= defined, template


def test_an_element_has_an_example_of_its_markup():
    for path in (SCRIPTS / "elements").glob("*.js"):
        first_comment = re.match(r"(?://.*\n)+", path.read_text("utf-8"))
        assert first_comment and f"<{path.stem}" in first_comment.group(), path


def test_every_style_sheet_is_linked_once_in_the_order_of_the_layers():
    folder = ROOT / "static/css"
    names = STATIC_TAG.findall((TEMPLATES / "_stylesheets.html").read_text("utf-8"))
    files = {path.relative_to(ROOT / "static").as_posix() for path in folder.rglob("*.css")}
    assert sorted(names) == sorted(files) and names[0] == "css/app.css"
    order = LAYER.search((folder / "app.css").read_text("utf-8")).group(1).split(", ")
    layers = []
    for name in names[1:]:
        text = (ROOT / "static" / name).read_text("utf-8")
        [layer] = re.findall(r"^@layer (\w+) \{$", text, re.M)
        assert layer == name.removeprefix("css/").split("/")[0].removesuffix(".css"), name
        assert "@import" not in text, name  # a file that waits for another one
        layers.append(layer)
    assert layers == sorted(layers, key=order.index)


def test_a_class_is_styled_in_one_file():
    """Of the same name elsewhere, the later file would style what it does not know."""
    homes = {}
    for path in (ROOT / "static/css").rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.S)
        for name in re.findall(r"^  (\.[a-z-]+)(?: \{|,)$", text, re.M):  # outside of media queries
            homes.setdefault(name, set()).add(path.name)
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}
