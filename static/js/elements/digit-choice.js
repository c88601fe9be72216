// A choice by digit: 1 to 9 tick a radio button, Enter sends the form once one is ticked.
//   <digit-choice><form><input type="radio">… <button class="primary"></button></form></digit-choice>
import { isOnControl, registerShortcuts } from "shortcuts"

const DIGITS = [..."123456789"]

class DigitChoice extends HTMLElement {
  connectedCallback() {
    this.unregister = registerShortcuts({
      ...Object.fromEntries(DIGITS.map((digit) => [digit, () => this.choose(Number(digit))])),
      Enter: (event) => !isOnControl(event) && this.submit(),
    })
  }

  disconnectedCallback() {
    this.unregister()
  }

  /** False if there is no such choice. */
  choose(number) {
    const choice = this.querySelectorAll("input[type=radio]")[number - 1]
    if (choice) choice.checked = true
    return Boolean(choice)
  }

  /** False if nothing is chosen. */
  submit() {
    const isChosen = this.querySelector("input[type=radio]:checked") !== null
    if (isChosen) this.querySelector("form").requestSubmit()
    return isChosen
  }
}

customElements.define("digit-choice", DigitChoice)
