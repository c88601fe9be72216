// Copies a text; where the browser does not allow it, the text is selected.
//   <copy-text data-copied="Copied"><code>sq_…</code> <button type="button">Copy</button></copy-text>
class CopyText extends HTMLElement {
  connectedCallback() {
    this.querySelector("button").addEventListener("click", ({ currentTarget }) => this.copy(currentTarget))
  }

  async copy(button) {
    const source = this.querySelector("code")
    getSelection().selectAllChildren(source)
    try {
      await navigator.clipboard.writeText(source.textContent)
    } catch {
      if (!document.execCommand("copy")) return // the selection is left to the person
    }
    button.textContent = this.dataset.copied
  }
}

customElements.define("copy-text", CopyText)
