// <command-palette><dialog><input role="combobox" hx-get="/search/" hx-trigger="input, palette" …>
//   <div role="listbox" id="palette-hits">links</div></dialog></command-palette>
// Opens over the page with Ctrl K (or a link to the search page); arrow keys choose among the links that the server
// sends, Enter follows the chosen one, with Ctrl in a window of its own. Without it the link leads to the search page.
import { registerShortcuts } from "shortcuts"

class CommandPalette extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog")
    this.input = this.querySelector("input")
    this.list = this.querySelector("[role=listbox]")
    this.abort = new AbortController()
    const options = { signal: this.abort.signal }
    document.addEventListener("click", (event) => this.click(event), options)
    this.list.addEventListener("htmx:afterSwap", (event) => this.number(event.detail.requestConfig), options)
    const keys = {
      ArrowDown: () => this.move(1),
      ArrowUp: () => this.move(-1),
      Enter: () => this.follow(false),
      "Ctrl+Enter": () => this.follow(true),
      "Ctrl+k": () => this.dialog.close(),
    }
    const registrations = [
      registerShortcuts({ "Ctrl+k": () => this.open(), "/": () => this.open() }),
      registerShortcuts(keys, { within: "command-palette input" }),
    ]
    this.unregister = () => registrations.map((each) => each())
  }

  disconnectedCallback() {
    this.abort.abort()
    this.unregister()
  }

  click(event) {
    if (event.target === this.dialog) return this.dialog.close() // beside it
    const link = event.target.closest(".search-button, .tab-bar .search")
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    this.open()
  }

  open() {
    if (this.dialog.open || document.querySelector("dialog[open]")) return false
    this.dialog.showModal()
    this.input.select()
    this.input.dispatchEvent(new Event("palette"))
    return true
  }

  get links() {
    return [...this.list.querySelectorAll("a")]
  }

  /** The links that came become options, of which the first is chosen. */
  number({ parameters }) {
    this.shown = parameters.q
    for (const [index, link] of this.links.entries()) {
      link.id = `palette-hit-${index}`
      link.setAttribute("role", "option")
      link.tabIndex = -1
    }
    this.choose(0)
    if (this.awaited !== undefined) this.follow(this.awaited)
  }

  move(step) {
    const { links } = this
    if (links.length) this.choose((this.chosen + step + links.length) % links.length)
  }

  choose(index) {
    this.chosen = index
    for (const [place, link] of this.links.entries()) link.setAttribute("aria-selected", String(place === index))
    this.links[index]?.scrollIntoView({ block: "nearest" })
    this.input.setAttribute("aria-activedescendant", this.links[index]?.id ?? "")
  }

  /** What is chosen answers the words that stand there: Enter waits for it. */
  follow(apart) {
    this.awaited = this.shown === this.input.value ? undefined : apart
    if (this.awaited !== undefined) return
    const link = this.links[this.chosen]
    if (!link) return
    if (apart) open(link.href)
    else link.click()
  }
}

customElements.define("command-palette", CommandPalette)
