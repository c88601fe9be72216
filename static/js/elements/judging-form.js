// <judging-form data-save="/assignments/7/judgements/" data-key="assignment-7" data-saved="Saved" …>
//   <form class="questions" data-utterance="12"><fieldset data-task="emotion"><input type="radio" value="joy" data-mark="喜"></fieldset></form>
//   <ol id="turns"><li data-utterance="12"><button class="turn"><span class="chips"></span></button></li></ol>
//   <form class="hand-in"></form> <span class="saved"></span> <dialog></dialog>
// </judging-form> lights one question, takes digits for it, saves every answer at once.
import { AnswerQueue } from "answer-queue"

class JudgingForm extends HTMLElement {
  connectedCallback() {
    this.forms = [...this.querySelectorAll("form.questions")]
    this.turns = new Map([...this.querySelectorAll("#turns li")].map((li) => [li.dataset.utterance, li]))
    this.player = this.querySelector("dialogue-player")
    this.handIn = this.querySelector("form.hand-in")
    this.past = []
    this.queue = new AnswerQueue(this.dataset.save, this.dataset.key, (state, why) => this.say(state, why))
    this.addEventListener("change", (event) => event.target.type === "radio" && this.answered(event.target))
    this.addEventListener("click", (event) => this.do(event.target.closest("[data-do]")?.dataset.do))
    for (const [id, li] of this.turns) li.querySelector(".turn").addEventListener("click", () => this.show(id))
    this.handIn?.addEventListener("submit", (event) => this.submit(event))
    this.keys = (event) => this.key(event)
    document.addEventListener("keydown", this.keys)
    for (const form of this.forms) this.restore(form)
    const asked = this.forms.find((form) => `#${form.id}` === location.hash)
    this.show((asked ?? this.forms.find((form) => this.pending(form)) ?? this.forms[0]).dataset.utterance)
  }

  disconnectedCallback() { document.removeEventListener("keydown", this.keys) }

  restore(form) { // answers that were still on their way when the page was left
    for (const { utterance, task, value } of this.queue.waiting) {
      if (utterance === form.dataset.utterance) this.check(form, task, value)
    }
    form.saved = Object.fromEntries(this.fieldsets(form).map((set) => [set.dataset.task, this.value(set)]))
    this.refresh(form)
  }

  fieldsets(form) { return [...form.querySelectorAll("fieldset")] }
  value(set) { return set.querySelector(":checked")?.value ?? "" }
  pending(form) { return this.fieldsets(form).find((set) => !set.hidden && !this.value(set)) }

  check(form, task, value) {
    for (const input of form.querySelectorAll(`[name="${task}"]`)) input.checked = input.value === value
  }

  refresh(form) { // which questions are due, what the chips and the sentences say
    const chosen = (task) => form.querySelector(`[name="${task}"]:checked`)
    for (const set of this.fieldsets(form)) {
      if (!set.dataset.parents) continue
      const parents = set.dataset.parents.split(" ").map(chosen)
      const only = set.dataset.onlyIf
      set.hidden = !parents.every(Boolean) || Boolean(only && !parents.some((input) => input.value === only))
    }
    for (const echo of form.querySelectorAll("[data-echo]")) {
      echo.textContent = chosen(echo.dataset.echo)?.closest("label").querySelector("span").textContent ?? ""
    }
    const turn = this.turns.get(form.dataset.utterance)
    turn.toggleAttribute("data-complete", !this.pending(form))
    turn.querySelector(".chips").replaceChildren(...this.fieldsets(form).filter((set) => !set.hidden && this.value(set)).map((set) => {
      const input = set.querySelector(":checked")
      const chip = Object.assign(document.createElement("span"), { className: "chip", textContent: input.dataset.mark, title: set.querySelector("legend").textContent })
      chip.dataset.value = input.value
      return chip
    }))
    if (this.handIn) this.handIn.querySelector("button").disabled = this.forms.some((each) => this.pending(each))
  }

  show(id, play = false) {
    for (const form of this.forms) form.hidden = form.dataset.utterance !== id
    this.form = this.forms.find((form) => !form.hidden)
    for (const [key, li] of this.turns) key === id ? li.setAttribute("aria-current", "true") : li.removeAttribute("aria-current")
    this.turns.get(id).scrollIntoView({ block: "nearest" })
    this.light(this.pending(this.form))
    const turn = this.turns.get(id)
    if (play) this.player?.play?.(turn)
    else this.player?.cue?.(turn)
  }

  light(set) {
    this.lit = set
    for (const other of this.fieldsets(this.form)) other.toggleAttribute("data-lit", other === set)
  }

  answered(input) {
    const set = input.closest("fieldset"), form = set.closest("form"), task = set.dataset.task
    const before = form.saved[task] ?? ""
    this.past.push({ form, task, before })
    this.save(form, task, input.value)
    this.light(this.pending(form))
  }

  save(form, task, value) {
    form.saved[task] = value
    this.queue.add(form.dataset.utterance, task, value)
    this.refresh(form)
  }

  do(what) {
    if (what === "undo") this.undo()
    if (what === "next") this.next()
    if (what === "help") this.querySelector("dialog").showModal()
  }

  undo() {
    const last = this.past.pop()
    if (!last) return
    this.check(last.form, last.task, last.before)
    this.save(last.form, last.task, last.before)
    this.show(last.form.dataset.utterance)
    this.light(last.form.querySelector(`[data-task="${last.task}"]`))
  }

  next() { // the next unfinished utterance; when none is left, the button that hands in
    const place = this.forms.indexOf(this.form)
    const later = [...this.forms.slice(place + 1), ...this.forms.slice(0, place + 1)]
    const unfinished = later.find((form) => this.pending(form))
    if (unfinished) this.show(unfinished.dataset.utterance, unfinished !== this.form)
    else this.handIn?.querySelector("button").focus()
  }

  move(step) {
    const form = this.forms[this.forms.indexOf(this.form) + step]
    if (form) this.show(form.dataset.utterance, true)
  }

  back() {
    const due = this.fieldsets(this.form).filter((set) => !set.hidden)
    const place = this.lit ? due.indexOf(this.lit) : due.length
    this.light(due[Math.max(place - 1, 0)])
  }

  key(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.target.closest("input:not([type=radio]), textarea, select, dialog[open], .bar, .hand-in")) return
    const moves = { Enter: () => this.next(), Backspace: () => this.back(), ArrowUp: () => this.move(-1), ArrowDown: () => this.move(1), "?": () => this.do("help"), u: () => this.undo() }
    const move = /^[1-9]$/.test(event.key) ? () => this.digit(Number(event.key)) : moves[event.key.length > 1 ? event.key : event.key.toLowerCase()]
    if (!move || (event.key === "Enter" && event.target.closest("a, .actions button, .controls button, summary"))) return
    event.preventDefault()
    move()
  }

  digit(number) {
    const input = this.lit?.querySelectorAll("input")[number - 1]
    if (!input || input.disabled || this.lit.disabled) return
    input.checked = true
    this.answered(input)
  }

  async submit(event) {
    if (!this.queue.waiting.length) return
    event.preventDefault()
    await this.queue.send()
    if (!this.queue.waiting.length) this.handIn.submit()
  }

  say(state, why) {
    const place = this.querySelector(".saved"), time = new Date().toLocaleTimeString()
    place.toggleAttribute("data-waiting", state === "waiting" || state === "refused")
    place.textContent = { saved: `${this.dataset.saved} ${time}`, saving: this.dataset.saving, waiting: this.dataset.waiting, refused: `${this.dataset.refused} ${why}` }[state]
  }
}

customElements.define("judging-form", JudgingForm)
