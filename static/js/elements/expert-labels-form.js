// The form of expert labels: one utterance at a time beside the film, one lit question that takes digits; nothing is
// saved before the form is sent. Without scripts all utterances stand below each other.
//   <expert-labels-form data-progress="{done} of {all} utterances labelled">
//     <dialogue-player></dialogue-player> <ol id="turns"><li data-utterance="12"><button class="turn"></button></li></ol>
//     <form><section class="questions" data-utterance="12"><fieldset data-task="emotion">
//       <label><input type="radio" data-digit="1"></label> <label><input type="radio" value=""></label> <input type="text">
//     </fieldset></section> <p class="done"></p> <button data-do="save"></button></form>
//   </expert-labels-form>
import { UtteranceQuestions } from "annotation-form/utterance-questions"
import { isOnControl, registerShortcuts } from "shortcuts"

const DIGITS = [..."0123456789"]

class ExpertLabelsForm extends HTMLElement {
  connectedCallback() {
    this.player = this.querySelector("dialogue-player")
    this.rows = new Map([...this.querySelectorAll("#turns li")].map((row) => [row.dataset.utterance, row]))
    this.utterances = [...this.querySelectorAll(".questions")].map((section) => {
      return new UtteranceQuestions(section, this.rows.get(section.dataset.utterance), { isEditable: true })
    })
    for (const [id, row] of this.rows) row.querySelector(".turn").addEventListener("click", () => this.show(id))
    this.addEventListener("change", ({ target }) => target.matches("input[type=radio]") && this.answered(target))
    this.addEventListener(
      "focusin",
      ({ target }) => target.closest("fieldset") && this.light(target.closest("fieldset")),
    )
    this.unregister = registerShortcuts(this.shortcuts(), { except: ".side-bar, .bar" })
    this.unregisterInFields = registerShortcuts(
      { Escape: ({ target }) => target.blur(), Enter: ({ target }) => target.blur() },
      { within: ".gold-why" },
    )
    const first = this.utterances.find((utterance) => utterance.unanswered) ?? this.utterances[0]
    if (first) this.start(first.id)
  }

  disconnectedCallback() {
    this.unregister()
    this.unregisterInFields()
  }

  async start(id) {
    this.show(id)
    await customElements.whenDefined("dialogue-player")
    this.player?.cueTurn(this.rows.get(id))
  }

  shortcuts() {
    return {
      ...Object.fromEntries(DIGITS.map((digit) => [digit, () => this.choose(digit)])),
      ArrowUp: () => this.showNeighbour(-1),
      ArrowDown: () => this.showNeighbour(1),
      Enter: (event) => (isOnControl(event) && !event.target.closest(".turn") ? false : this.showNeighbour(1)),
      Backspace: () => this.lightNeighbour(-1),
      e: () => this.question?.querySelector("input[type=text]").focus(),
      s: () => this.querySelector("[data-do=save]").click(),
    }
  }

  show(id, { play = false } = {}) {
    for (const utterance of this.utterances) utterance.form.hidden = utterance.id !== id
    this.current = this.utterances.find((utterance) => utterance.id === id)
    for (const [other, row] of this.rows) row.toggleAttribute("aria-current", other === id)
    const row = this.rows.get(id)
    row.setAttribute("aria-current", "true")
    row.scrollIntoView({ block: "nearest" })
    this.light(this.current.unanswered ?? this.current.fieldsets[0])
    if (play) this.player?.playTurn?.(row)
    this.showProgress()
  }

  showNeighbour(step) {
    const neighbour = this.utterances[this.utterances.indexOf(this.current) + step]
    if (neighbour) this.show(neighbour.id, { play: true })
  }

  light(fieldset) {
    this.question = fieldset
    for (const other of this.current.fieldsets) other.toggleAttribute("data-lit", other === fieldset)
  }

  lightNeighbour(step) {
    const { fieldsets } = this.current
    this.light(fieldsets[Math.max(0, Math.min(fieldsets.length - 1, fieldsets.indexOf(this.question) + step))])
  }

  choose(digit) {
    const choice = digit === "0" ? "[value='']" : `[data-digit="${digit}"]`
    const input = this.question?.querySelector(`input[type=radio]${choice}`)
    if (!input) return
    input.checked = true
    input.dispatchEvent(new Event("input", { bubbles: true }))
    this.answered(input)
  }

  answered(input) {
    this.light(input.closest("fieldset"))
    this.current.refresh()
    this.showProgress()
    this.lightNeighbour(1)
  }

  showProgress() {
    const done = this.utterances.filter((utterance) => !utterance.unanswered).length
    const words = this.dataset.progress.replace("{done}", done).replace("{all}", this.utterances.length)
    this.querySelector(".done").textContent = words
  }
}

customElements.define("expert-labels-form", ExpertLabelsForm)
