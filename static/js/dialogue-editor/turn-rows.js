// The list of turns in the editor: a row each, with its fields.
//   <ol class="lines"></ol>
//   <template><li><span class="number"></span> <input data-field="speaker|start|end"> <textarea data-field="text|translation"></textarea></li></template>
import { idOf } from "dialogue-editor/turn-edits"

export class TurnRows {
  #rows = new Map() // id of a turn -> its row
  #edited = new WeakSet() // fields that are being typed in: they are not drawn over

  constructor(list, template) {
    Object.assign(this, { list, template })
    list.addEventListener("input", ({ target }) => this.#edited.add(target))
    for (const name of ["change", "focusout"]) list.addEventListener(name, ({ target }) => this.#edited.delete(target))
  }

  at(place) {
    return this.list.children[place]
  }

  fieldAt(place, name) {
    return this.at(place).querySelector(`[data-field=${name}]`)
  }

  /** The place of the row that an element is in; -1 if it is in none. */
  placeOf(element) {
    return [...this.list.children].indexOf(element.closest?.(".lines > li"))
  }

  render(turns, speakerNames, selected) {
    const focused = document.activeElement?.dataset?.field
    const rows = turns.map((turn, place) => this.#renderRow(turn, place, speakerNames))
    this.#rows = new Map(turns.map((turn, place) => [idOf(turn), rows[place]]))
    const isSame = rows.length === this.list.children.length && rows.every((row, place) => row === this.at(place))
    if (isSame) return
    this.list.replaceChildren(...rows)
    if (focused && focused !== "text") rows[selected]?.querySelector(`[data-field=${focused}]`)?.focus()
  }

  #renderRow(turn, place, speakerNames) {
    const known = this.#rows.get(idOf(turn)) ?? this.#rows.get(turn.key)
    const row = known ?? this.template.content.firstElementChild.cloneNode(true)
    row.toggleAttribute("data-machine", turn.machine)
    row.querySelector(".number").textContent = place + 1
    const values = { ...turn, speaker: speakerNames.get(turn.speaker) ?? "" }
    for (const field of row.querySelectorAll("[data-field]")) this.#renderField(field, values[field.dataset.field])
    row.querySelector("[data-field=translation]").hidden = !turn.translation
    return row
  }

  #renderField(field, value) {
    const text = typeof value === "number" ? value.toFixed(2) : (value ?? "")
    const isTyped = field === document.activeElement && field.dataset.field === "text"
    if (field.value !== text && !isTyped && !this.#edited.has(field)) field.value = text
  }

  select(place) {
    for (const [other, row] of [...this.list.children].entries()) row.toggleAttribute("aria-current", other === place)
    this.at(place).scrollIntoView({ block: "nearest" })
  }

  showPlaying(turns, time) {
    for (const [place, { start, end }] of turns.entries()) {
      this.at(place)?.toggleAttribute("data-playing", time >= start && time < end)
    }
  }
}
