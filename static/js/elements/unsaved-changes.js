// Asks before a page is left whose form was changed and not sent.
//   <unsaved-changes data-question="Leave without saving?" data-changed><form>…</form></unsaved-changes>
// data-changed: it differs from what is stored as it arrives.
class UnsavedChanges extends HTMLElement {
  connectedCallback() {
    this.isChanged = this.hasAttribute("data-changed")
    this.addEventListener("input", () => this.setChanged(true))
    this.addEventListener("submit", () => this.setChanged(false))
    this.listeners = {
      beforeunload: (event) => this.beforeUnload(event),
      "htmx:beforeRequest": (event) => this.ask(event),
    }
    for (const [name, listener] of Object.entries(this.listeners)) addEventListener(name, listener)
  }

  disconnectedCallback() {
    for (const [name, listener] of Object.entries(this.listeners)) removeEventListener(name, listener)
  }

  setChanged(isChanged) {
    this.isChanged = isChanged
  }

  beforeUnload(event) {
    if (this.isChanged) event.preventDefault()
  }

  /** Links that htmx follows leave the page without the browser's own question. */
  ask(event) {
    const leaves = event.detail.boosted && !this.contains(event.target)
    if (this.isChanged && leaves && !confirm(this.dataset.question)) event.preventDefault()
  }
}

customElements.define("unsaved-changes", UnsavedChanges)
