// One utterance's questions: which are due, what is chosen, what its chips and warnings say.
export class Questions {
  constructor(form, turn, rules) {
    Object.assign(this, { form, turn, rules, id: form.dataset.utterance, warned: new Map() })
    this.sets = [...form.querySelectorAll("fieldset")]
    for (const set of this.sets) set.saved = this.value(set)
    this.refresh()
  }

  set(task) { return this.sets.find((set) => set.dataset.task === task) }
  value(set) { return set.querySelector(":checked")?.value ?? "" }
  get due() { return this.sets.filter((set) => !set.hidden) }
  get pending() { return this.flagged ? undefined : this.due.find((set) => !this.value(set)) }
  get flagged() { return Boolean(this.form.querySelector(".remarks [data-kind=cannot_judge]")) }

  check(task, value) {
    for (const input of this.set(task)?.querySelectorAll("input") ?? []) input.checked = input.value === value
  }

  refresh() {
    const chosen = (task) => this.set(task)?.querySelector(":checked")
    for (const set of this.sets) {
      this.sureness(set)
      if (!set.dataset.parents) continue
      const parents = set.dataset.parents.split("|").map(chosen), only = set.dataset.onlyIf
      set.hidden = !parents.every((input) => input && input.value !== "cannot_tell") || Boolean(only && !parents.some((input) => input.value === only))
    }
    for (const echo of this.form.querySelectorAll("[data-echo]")) {
      echo.textContent = chosen(echo.dataset.echo)?.closest("label").querySelector("span").textContent ?? ""
    }
    const complete = !this.pending
    this.turn.toggleAttribute("data-complete", complete)
    this.form.toggleAttribute("data-complete", complete)
    this.turn.querySelector(".chips").replaceChildren(...this.due.filter((set) => this.value(set)).map((set) => {
      const input = set.querySelector(":checked"), chip = document.createElement("span")
      Object.assign(chip, { className: "chip", textContent: input.dataset.mark, title: set.querySelector("legend").textContent })
      chip.dataset.value = input.value
      return chip
    }))
  }

  reveal({ suggested = [], explained }) { // what the server shows once the utterance is judged
    for (const { task, value, hint } of suggested) {
      const label = this.set(task)?.querySelector(`input[value="${value}"]`)?.closest("label")
      if (!label || label.hasAttribute("data-suggested")) continue
      label.dataset.suggested = "after"
      label.append(" ", Object.assign(document.createElement("span"), { className: "hint", textContent: hint }))
    }
    if (explained && !this.form.querySelector(".explained")) this.form.querySelector(".warnings").insertAdjacentHTML("afterend", explained)
  }

  sureness(set) {
    const button = set.querySelector(".sure")
    if (!button) return
    button.hidden = !this.value(set)
    button.textContent = button.getAttribute(`data-${set.dataset.confidence ?? 3}`)
  }

  lessSure(set) { set.dataset.confidence = { 3: 2, 2: 1, 1: 3 }[set.dataset.confidence ?? 3] }

  warn(language, keep, record) { // shown, never in the way; what came of it is recorded
    const answers = Object.fromEntries(this.due.map((set) => [set.dataset.task, this.value(set)]))
    for (const rule of this.rules) {
      const holds = Object.entries(rule.when).every(([task, values]) => values.includes(answers[task])), shown = this.warned.get(rule.key)
      if (holds && !shown) {
        const line = document.createElement("p"), button = Object.assign(document.createElement("button"), { type: "button", textContent: keep })
        line.className = "warning"
        line.append(rule.names[language] ?? rule.names.en, " ", button)
        button.addEventListener("click", () => this.kept(rule.key, record))
        this.form.querySelector(".warnings").append(line)
        this.warned.set(rule.key, line)
        record(this.id, rule.key, "raised")
      } else if (!holds && shown) {
        shown.remove()
        this.warned.delete(rule.key)
        if (!shown.kept) record(this.id, rule.key, "changed")
      }
    }
  }

  kept(key, record) {
    const line = this.warned.get(key)
    if (!line || line.kept) return
    line.kept = true
    line.querySelector("button").remove()
    line.classList.add("quiet")
    record(this.id, key, "kept")
  }

  keepAll(record) { for (const key of this.warned.keys()) this.kept(key, record) }
}
