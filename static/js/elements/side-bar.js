// <side-bar data-corpus="3"><nav class="side-bar" id="side">… <button data-do="fold"> …</nav></side-bar>
// Folds the side bar to icons and remembers it, remembers the corpus that is looked at, and keeps the focus where the
// menu is opened over the page (on a phone, on the workbench). Without it the menu opens and closes by its address.
import { registerShortcuts } from "shortcuts"

const YEAR = 365 * 24 * 3600

function remember(name, value) {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store is not in every browser
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR}; samesite=lax`
}

class SideBar extends HTMLElement {
  connectedCallback() {
    this.nav = this.querySelector("nav")
    this.button = this.querySelector("[data-do=fold]")
    if (this.dataset.corpus) remember("corpus", this.dataset.corpus)
    this.abort = new AbortController()
    document.addEventListener("click", (event) => this.click(event), { signal: this.abort.signal })
    this.unregister = registerShortcuts({ "Ctrl+b": () => this.fold(), Escape: () => this.close() })
    this.nav.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" })
  }

  disconnectedCallback() {
    this.abort.abort()
    this.unregister()
  }

  click(event) {
    if (event.target.closest("[data-do=fold]") === this.button) this.fold()
    const opener = event.target.closest(".open-side")
    if (opener) this.open(opener)
    else if (event.target.closest(".close-side, .scrim")) this.close()
    else return
    event.preventDefault()
  }

  fold() {
    const root = document.documentElement
    const folded = root.dataset.side !== "folded"
    if (folded) root.dataset.side = "folded"
    else delete root.dataset.side
    this.button.setAttribute("aria-expanded", String(!folded))
    remember("side", folded ? "folded" : "open")
  }

  /** Over the page: what lies under it takes no focus meanwhile. */
  open(opener) {
    this.opener = opener
    this.toggleAttribute("data-open", true)
    this.hold(true)
    const first = this.nav.querySelector("a[aria-current]") ?? this.nav.querySelector(".groups a")
    first.focus()
  }

  close() {
    if (!this.hasAttribute("data-open")) return false
    this.toggleAttribute("data-open", false)
    this.hold(false)
    this.opener.focus()
    return true
  }

  hold(still) {
    for (const each of document.body.children) if (each !== this) each.inert = still
  }
}

customElements.define("side-bar", SideBar)
