// Copies the text of its field when its button is pressed.
//   <copy-text><input readonly value="https://…"><button type="button" data-copied="Copied">Copy</button></copy-text>
class CopyText extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("input")
    this.button = this.querySelector("button")
    this.words = this.button.textContent
    this.field.addEventListener("focus", () => this.field.select())
    this.button.addEventListener("click", () => this.copy())
  }

  async copy() {
    this.field.select()
    if (navigator.clipboard) await navigator.clipboard.writeText(this.field.value)
    else document.execCommand("copy") // without HTTPS a browser has no clipboard for pages
    this.button.textContent = this.button.dataset.copied
    setTimeout(() => {
      this.button.textContent = this.words
    }, 2000)
  }
}

customElements.define("copy-text", CopyText)
