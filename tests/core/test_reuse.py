"""`{% reuse %}`: rendered once for each key within a page, and again in the next."""

from django.template import Context, Template


class Counter:
    def __init__(self):
        self.calls = 0

    def __str__(self):
        self.calls += 1
        return f"{self.calls}"


def test_the_inside_is_rendered_once_for_each_key_of_a_page():
    inside = "{% reuse one.0 one.1 %}{{ one.0 }}{{ one.1 }}-{{ counter }} {% endreuse %}"
    page = Template("{% load reuse %}{% for one in rows %}" + inside + "{% endfor %}")
    rows = [("a", 1), ("b", 1), ("a", 1), ("a", None), ("a", 2), ("a", None)]
    for _ in range(2):  # nothing is kept from one page to the next
        found = page.render(Context({"rows": rows, "counter": Counter()})).split()
        assert found == ["a1-1", "b1-2", "a1-1", "aNone-3", "a2-4", "aNone-3"]
