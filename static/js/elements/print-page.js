// Prints the page when its button is pressed.
//   <print-page><button type="button">Print</button></print-page>
class PrintPage extends HTMLElement {
  connectedCallback() {
    this.querySelector("button").addEventListener("click", () => window.print())
  }
}

customElements.define("print-page", PrintPage)
