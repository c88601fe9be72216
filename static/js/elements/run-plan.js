// What a form of new runs would start: how many runs, how long they take, which settings are changed. Empty settings
// show what the chosen recipes have as placeholders.
//   <run-plan><script type="application/json">{"recipes": {…}, "workers": 1}</script><form>…<dl data-plan>…</form></run-plan>
class RunPlan extends HTMLElement {
  connectedCallback() {
    this.plan = JSON.parse(this.querySelector("script[type='application/json']").textContent)
    this.words = this.querySelector("[data-plan]").dataset
    this.form = this.querySelector("form")
    this.form.addEventListener("input", () => this.refresh())
    for (const place of this.querySelectorAll("[data-recipe-time]")) {
      const { seconds } = this.plan.recipes[place.dataset.recipeTime] ?? {}
      place.textContent = seconds ? fill(this.words.each, { time: this.time(seconds) }) : ""
    }
    this.refresh()
  }

  refresh() {
    const values = new FormData(this.form)
    const recipes = values.getAll("recipes")
    const trials = Number(values.get("trials"))
    const each = trials || Math.max(Number(values.get("seeds")) || 0, 0)
    this.show("runs", recipes.length * each || "–")
    this.show("product", recipes.length > 1 || each > 1 ? `${recipes.length} × ${each}` : "")
    this.show(
      "time",
      this.estimate(recipes, each, Number(values.get("minutes")), Number(values.get("at_once")), trials),
    )
    this.show("changed", this.changed(values).join(", ") || "–")
    this.placeholders(recipes)
  }

  show(part, words) {
    this.querySelector(`[data-part="${part}"]`).textContent = words
  }

  /** Runs one after the other on as many workers as there are; a search uses as many as it may. */
  estimate(recipes, each, minutes, atOnce, trials) {
    if (!recipes.length) return this.words.nothing
    const known = recipes.map((name) => this.plan.recipes[name]?.seconds).filter(Boolean)
    if (!known.length) return this.words.unknown
    const limit = minutes > 0 ? minutes * 60 : Number.POSITIVE_INFINITY
    const total = known.reduce((sum, seconds) => sum + Math.min(seconds, limit), 0) * each
    const workers = Math.max(1, trials ? Math.min(this.plan.workers, atOnce || 1) : this.plan.workers)
    const time = this.time(total / Math.min(workers, Math.max(1, recipes.length * each)))
    return fill(known.length < recipes.length ? this.words.more : this.words.about, { time })
  }

  time(seconds) {
    if (seconds < 120) return fill(this.words.seconds, { n: Math.max(1, Math.round(seconds)) })
    if (seconds < 7200) return fill(this.words.minutes, { n: Math.round(seconds / 60) })
    return fill(this.words.hours, { n: (seconds / 3600).toFixed(1) })
  }

  /** Labels of the settings that are not left to the recipe. */
  changed(values) {
    const fields = this.form.querySelectorAll("[data-settings] [name]")
    const names = new Set([...fields].map((field) => field.name))
    return [...names].filter((name) => values.get(name)).map((name) => this.label(name))
  }

  label(name) {
    const field = this.form.elements[name]
    const words = field?.labels?.[0] ?? field?.[0]?.closest("fieldset")?.querySelector("legend")
    return words?.textContent.trim() ?? name
  }

  placeholders(recipes) {
    for (const field of this.form.querySelectorAll("details input[type=number]")) {
      const own = recipes.map((name) => this.plan.recipes[name]?.defaults[field.name]).filter(Boolean)
      field.placeholder = [...new Set(own)].join(" / ")
    }
  }
}

function fill(words, values) {
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name])
}

customElements.define("run-plan", RunPlan)
