// Warnings about answers that rarely go together. They are shown and never in the way; what came of each is recorded:
// "raised", then "kept" (the answers stay) or "changed".
//   const warnings = new ConsistencyWarnings(form.querySelector(".warnings"), rules, { keepLabel, record })
//   warnings.update({ sentiment: "positive", emotion: "anger" })
export class ConsistencyWarnings {
  #shown = new Map() // key of a rule -> { line, isKept }

  constructor(container, rules, { keepLabel, record }) {
    Object.assign(this, { container, rules, keepLabel, record })
    this.language = document.documentElement.lang.startsWith("zh") ? "zh" : "en"
  }

  update(answers) {
    for (const rule of this.rules) {
      const holds = Object.entries(rule.when).every(([task, values]) => values.includes(answers[task]))
      const isShown = this.#shown.has(rule.key)
      if (holds && !isShown) this.#show(rule)
      else if (!holds && isShown) this.#remove(rule.key)
    }
  }

  /** True while a warning is shown that nobody has answered. */
  get isOpen() {
    return [...this.#shown.values()].some(({ isKept }) => !isKept)
  }

  keepAll() {
    for (const key of this.#shown.keys()) this.#keep(key)
  }

  #show({ key, names }) {
    const line = Object.assign(document.createElement("p"), { className: "warning" })
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: this.keepLabel })
    button.addEventListener("click", () => this.#keep(key))
    line.append(names[this.language] ?? names.en, " ", button)
    this.container.append(line)
    this.#shown.set(key, { line, isKept: false })
    this.record(key, "raised")
  }

  #keep(key) {
    const warning = this.#shown.get(key)
    if (!warning || warning.isKept) return
    warning.isKept = true
    warning.line.querySelector("button").remove()
    warning.line.classList.add("quiet")
    this.record(key, "kept")
  }

  #remove(key) {
    const { line, isKept } = this.#shown.get(key)
    line.remove()
    this.#shown.delete(key)
    if (!isKept) this.record(key, "changed")
  }
}
