"""Markdown as pages show it: no HTML in it, and its tables scroll sideways by themselves."""

from markdown_it import MarkdownIt


def markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", lambda *_: '<div class="scroll" tabindex="0"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser
