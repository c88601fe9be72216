// What somebody has set on a page for themselves, in this browser: volume, theatre mode and the like.
//   const settings = new PageSettings("player")
//   settings.get("volume", 1)
//   settings.set("volume", 0.5)
// Only what was set is stored. Without storage (a private window may refuse it) settings last as long as the page.
export class PageSettings {
  #values

  constructor(name) {
    this.name = `settings:${name}`
    this.#values = this.#read()
  }

  get(key, otherwise) {
    return this.#values[key] ?? otherwise
  }

  set(key, value) {
    this.#values[key] = value
    try {
      localStorage.setItem(this.name, JSON.stringify(this.#values))
    } catch {
      // full or refused: the setting holds for this page
    }
  }

  #read() {
    try {
      return JSON.parse(localStorage.getItem(this.name)) ?? {}
    } catch {
      return {}
    }
  }
}
