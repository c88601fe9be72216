// <digit-choice><form><input type="radio">… <button class="primary"></button></form></digit-choice>
// ticks the choice of a digit, and sends the form with Enter when something is ticked.
import { typing } from "playback"

class DigitChoice extends HTMLElement {
  connectedCallback() {
    this.keys = (event) => this.key(event)
    document.addEventListener("keydown", this.keys)
  }

  disconnectedCallback() { document.removeEventListener("keydown", this.keys) }

  key(event) {
    if (typing(event)) return
    const choices = this.querySelectorAll("input[type=radio]")
    const chosen = choices[Number(event.key) - 1]
    if (chosen) chosen.checked = true
    else if (event.key !== "Enter" || event.target.closest("button, a, summary") || !this.querySelector("input[type=radio]:checked")) return
    else this.querySelector("form").requestSubmit()
    event.preventDefault()
  }
}

customElements.define("digit-choice", DigitChoice)
