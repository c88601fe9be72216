// One utterance's questions: which are due, what is chosen or usual, what its row in the list of utterances shows.
//   <form class="questions" data-utterance="12">
//     <fieldset data-task="emotion" data-over="id of the saved answer" data-parents="…" data-only-if="…"
//               data-when='{"sarcasm": ["yes"]}' data-usual='{"emotion": {"joy": "positive"}}'>
//       <legend>Emotion</legend>
//       <label><input type="radio" value="joy" data-mark="喜" data-digit="1" data-colour="amber"> <span>joy</span></label>
//       <button class="sure" data-1="a guess" data-2="fairly sure" data-3="sure"></button>
//       <p class="wait">asked after …</p> <p class="wait" data-skipped>not asked after these answers</p>
//     </fieldset>
//     <p><b data-echo="emotion"></b></p> <div class="warnings"></div> <ul class="remarks"></ul>
//   </form>
// A question that is not due keeps its place, so that nothing moves: it has data-waiting, with "skipped" as its value
// where the answers given mean that it is not asked. The label of a usual value has data-usual while it is lit.
const CANNOT_TELL = "cannot_tell"
const SURE = 3
const LESS_SURE = { 3: 2, 2: 1, 1: 3 }

export class UtteranceQuestions {
  #saved = new Map() // task -> the value that is saved, or on its way

  constructor(form, row, { isEditable = true } = {}) {
    Object.assign(this, { form, row, isEditable, id: form.dataset.utterance })
    this.fieldsets = [...form.querySelectorAll("fieldset")]
    for (const fieldset of this.fieldsets) this.#saved.set(fieldset.dataset.task, this.valueOf(fieldset))
    this.refresh()
  }

  fieldsetOf(task) {
    return this.fieldsets.find((fieldset) => fieldset.dataset.task === task)
  }

  valueOf(fieldset) {
    return fieldset.querySelector(":checked")?.value ?? ""
  }

  savedValueOf(fieldset) {
    return this.#saved.get(fieldset.dataset.task)
  }

  /** Notes that an answer is saved under this id, which the next answer to the question replaces. */
  setSaved(fieldset, value, answerId) {
    this.#saved.set(fieldset.dataset.task, value)
    fieldset.dataset.over = answerId
  }

  nameOf(task, value) {
    const input = this.fieldsetOf(task).querySelector(`[value="${value}"]`)
    return input ? nameOf(input) : "–"
  }

  choose(task, value) {
    for (const input of this.fieldsetOf(task)?.querySelectorAll("input") ?? []) input.checked = input.value === value
  }

  isDue(fieldset) {
    return !fieldset.hasAttribute("data-waiting")
  }

  get due() {
    return this.fieldsets.filter((fieldset) => this.isDue(fieldset))
  }

  /** The first question that waits for an answer. */
  get unanswered() {
    if (this.cannotBeJudged) return undefined
    return this.due.find((fieldset) => !this.valueOf(fieldset))
  }

  get cannotBeJudged() {
    return Boolean(this.form.querySelector(".remarks [data-kind=cannot_judge]"))
  }

  get answers() {
    return Object.fromEntries(this.due.map((fieldset) => [fieldset.dataset.task, this.valueOf(fieldset)]))
  }

  /** The inputs of usual values that are lit: of questions that are due and not answered. */
  get usual() {
    return [...this.form.querySelectorAll("label[data-usual] input")]
  }

  /** Those of some inputs that are asked for once all before them are chosen; nothing stays chosen. */
  askedWith(inputs) {
    const asked = []
    for (const input of inputs) {
      if (!this.isDue(input.closest("fieldset"))) continue
      input.checked = true
      asked.push(input)
      this.#refreshAllDue()
    }
    for (const input of asked) input.checked = false
    this.#refreshAllDue()
    return asked
  }

  refresh() {
    for (const fieldset of this.fieldsets) this.#refreshConfidence(fieldset)
    this.#refreshAllDue()
    for (const fieldset of this.fieldsets) this.#refreshUsual(fieldset)
    for (const echo of this.form.querySelectorAll("[data-echo]")) {
      const chosen = this.#chosen(echo.dataset.echo)
      echo.textContent = chosen ? nameOf(chosen) : ""
    }
    const isComplete = !this.unanswered
    this.row.toggleAttribute("data-complete", isComplete)
    this.form.toggleAttribute("data-complete", isComplete)
    const answered = this.due.filter((fieldset) => this.valueOf(fieldset))
    this.row.querySelector(".chips").replaceChildren(...answered.map(chipOf))
  }

  lowerConfidence(fieldset) {
    fieldset.dataset.confidence = LESS_SURE[fieldset.dataset.confidence ?? SURE]
  }

  /** Shows what the server lets an annotator see once the utterance is judged. */
  reveal({ suggested = [], explained }) {
    for (const { task, value, hint } of suggested) {
      const label = this.fieldsetOf(task)?.querySelector(`input[value="${value}"]`)?.closest("label")
      if (!label || label.hasAttribute("data-suggested")) continue
      label.dataset.suggested = "after"
      label.append(" ", Object.assign(document.createElement("span"), { className: "hint", textContent: hint }))
    }
    if (explained && !this.form.querySelector(".explained")) {
      this.form.querySelector(".warnings").insertAdjacentHTML("afterend", explained)
    }
  }

  #chosen(task) {
    return this.fieldsetOf(task)?.querySelector(":checked")
  }

  #refreshAllDue() {
    for (const fieldset of this.fieldsets) this.#refreshDue(fieldset)
  }

  #refreshDue(fieldset) {
    const { parents, onlyIf, when } = fieldset.dataset
    if (!parents && !when) return
    const sources = parents?.split("|") ?? []
    const conditions = JSON.parse(when ?? "{}")
    const isDue = this.#isAskedFor(sources, onlyIf, conditions)
    if (isDue) fieldset.removeAttribute("data-waiting")
    else fieldset.setAttribute("data-waiting", this.#isOpen([...sources, ...Object.keys(conditions)]) ? "" : "skipped")
    fieldset.disabled = !(this.isEditable && isDue)
  }

  /** True while one of these tasks is due and not answered. */
  #isOpen(tasks) {
    return tasks.some((task) => this.due.some((other) => other.dataset.task === task && !this.valueOf(other)))
  }

  // a correlation is asked once its parents are answered, and where one of them has the value that it needs; a question
  // with a condition where each task that it names, all of them above it, has one of these values
  #isAskedFor(sources, onlyIf, conditions) {
    const chosen = sources.map((task) => this.#chosen(task)?.value ?? CANNOT_TELL)
    if (chosen.includes(CANNOT_TELL) || (onlyIf && sources.length && !chosen.includes(onlyIf))) return false
    return Object.entries(conditions).every(([task, values]) => {
      const other = this.fieldsetOf(task)
      return other && this.isDue(other) && values.includes(this.valueOf(other))
    })
  }

  #refreshUsual(fieldset) {
    if (!fieldset.dataset.usual) return
    const isOpen = this.isEditable && this.isDue(fieldset) && !this.valueOf(fieldset)
    const usual = isOpen ? this.#usualValueOf(fieldset) : undefined
    for (const input of fieldset.querySelectorAll("input")) {
      input.closest("label").toggleAttribute("data-usual", input.value === usual)
    }
  }

  #usualValueOf(fieldset) {
    const given = Object.entries(JSON.parse(fieldset.dataset.usual))
    return given.map(([task, values]) => values[this.#chosen(task)?.value]).find(Boolean)
  }

  #refreshConfidence(fieldset) {
    const button = fieldset.querySelector(".sure")
    if (!button) return
    button.hidden = !this.valueOf(fieldset)
    button.textContent = button.getAttribute(`data-${fieldset.dataset.confidence ?? SURE}`)
  }
}

function nameOf(input) {
  return input.closest("label").querySelector("span").textContent
}

function chipOf(fieldset) {
  const input = fieldset.querySelector(":checked")
  const title = `${fieldset.querySelector("legend").textContent}: ${nameOf(input)}`
  const chip = Object.assign(document.createElement("span"), {
    className: "chip",
    textContent: input.dataset.mark,
    title,
  })
  chip.dataset.value = input.value
  chip.dataset.colour = input.dataset.colour
  return chip
}
