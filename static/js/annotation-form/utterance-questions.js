// One utterance's questions: which are due, what is chosen, what its row in the list of utterances shows.
//   <form class="questions" data-utterance="12">
//     <fieldset data-task="emotion" data-over="id of the saved answer" data-parents="…" data-only-if="…"
//               data-when='{"sarcasm": ["yes"]}'>
//       <legend>Emotion</legend>
//       <label><input type="radio" value="joy" data-mark="喜" data-digit="1" data-colour="amber"> <span>joy</span></label>
//       <button class="sure" data-1="a guess" data-2="fairly sure" data-3="sure"></button>
//     </fieldset>
//     <p><b data-echo="emotion"></b></p> <div class="warnings"></div> <ul class="remarks"></ul>
//   </form>
const CANNOT_TELL = "cannot_tell"
const SURE = 3
const LESS_SURE = { 3: 2, 2: 1, 1: 3 }

export class UtteranceQuestions {
  #saved = new Map() // task -> the value that is saved, or on its way

  constructor(form, row) {
    Object.assign(this, { form, row, id: form.dataset.utterance })
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
    return input?.closest("label").querySelector("span").textContent ?? "–"
  }

  choose(task, value) {
    for (const input of this.fieldsetOf(task)?.querySelectorAll("input") ?? []) input.checked = input.value === value
  }

  get due() {
    return this.fieldsets.filter((fieldset) => !fieldset.hidden)
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

  refresh() {
    for (const fieldset of this.fieldsets) {
      this.#refreshConfidence(fieldset)
      const { parents, when } = fieldset.dataset
      if (parents || when) fieldset.hidden = !(this.#isDue(fieldset.dataset) && this.#isAskedFor(when))
    }
    for (const echo of this.form.querySelectorAll("[data-echo]")) {
      const chosen = this.#chosen(echo.dataset.echo)
      echo.textContent = chosen?.closest("label").querySelector("span").textContent ?? ""
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

  // a correlation is asked once its parents are answered, and where one of them has the value that it needs
  #isDue({ parents, onlyIf }) {
    if (!parents) return true
    const chosen = parents.split("|").map((task) => this.#chosen(task))
    if (!chosen.every((input) => input && input.value !== CANNOT_TELL)) return false
    return !onlyIf || chosen.some((input) => input.value === onlyIf)
  }

  // a question with a condition is asked where each task that it names, all above it, has one of these values
  #isAskedFor(when) {
    return Object.entries(JSON.parse(when ?? "{}")).every(([task, values]) => {
      return !this.fieldsetOf(task)?.hidden && values.includes(this.#chosen(task)?.value)
    })
  }

  #refreshConfidence(fieldset) {
    const button = fieldset.querySelector(".sure")
    if (!button) return
    button.hidden = !this.valueOf(fieldset)
    button.textContent = button.getAttribute(`data-${fieldset.dataset.confidence ?? SURE}`)
  }
}

function chipOf(fieldset) {
  const input = fieldset.querySelector(":checked")
  const title = fieldset.querySelector("legend").textContent
  const chip = Object.assign(document.createElement("span"), {
    className: "chip",
    textContent: input.dataset.mark,
    title,
  })
  chip.dataset.value = input.value
  chip.dataset.colour = input.dataset.colour
  return chip
}
