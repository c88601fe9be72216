"""A page that shows all screenshots side by side, with what was found on them."""

import html
from pathlib import Path

HEAD = Path(__file__).with_name("contact_sheet.html")


def write(folder: Path, rows: list[dict]) -> None:
    pages: dict[str, list[dict]] = {}
    for row in rows:
        pages.setdefault(row["page"], []).append(row)
    parts = [HEAD.read_text("utf-8")]
    for name, views in pages.items():
        parts.append(f"<section><h2>{html.escape(name)}</h2><div class=row>")
        parts += [figure(view) for view in views]
        parts.append("</div></section>")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text("\n".join(parts), "utf-8")


def figure(view: dict) -> str:
    wrong = "wrong" if view["findings"] else ""
    said = f"{view['role']} {view['language']} {view['theme']} {view['width']}"
    words = html.escape(f"{said} {view['page']} {wrong}".lower())
    picture = html.escape(view["picture"])
    image = f"<a href='{picture}'><img loading=lazy src='{picture}' alt=''></a>" if picture else ""
    items = "".join(f"<li>{html.escape(each)}</li>" for each in view["findings"])
    shown = f"<figcaption>{said} · {html.escape(view['address'])}<ul>{items}</ul></figcaption>"
    return f"<figure class='{wrong}' data-words='{words}'>{image}{shown}</figure>"
