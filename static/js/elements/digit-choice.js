// A choice by digit: 1 to 9 tick a radio button, Enter sends the form once one is ticked. Elements of the page with
// data-key are pressed by that key, fields get the focus; Escape leaves a field.
//   <digit-choice><form><input type="radio" data-digit="1">… <button class="primary"></button></form></digit-choice>
//   <a href="?after=7" data-key="n"></a>
// data-cue: the player of the page is ready at the current utterance. Without data-digit, places count.
import { isOnControl, registerShortcuts } from "shortcuts"

const DIGITS = [..."123456789"]

class DigitChoice extends HTMLElement {
  connectedCallback() {
    const keys = [...document.querySelectorAll("[data-key]")].map(({ dataset }) => dataset.key)
    this.unregister = registerShortcuts({
      ...Object.fromEntries(keys.map((key) => [key, () => this.press(key)])),
      ...Object.fromEntries(DIGITS.map((digit) => [digit, () => this.choose(digit)])),
      Enter: (event) => !isOnControl(event) && this.submit(),
    })
    this.unregisterInFields = registerShortcuts(
      { Escape: (event) => event.target.blur(), "Ctrl+Enter": () => this.submit() },
      { within: "digit-choice textarea, digit-choice input[type=text]" },
    )
    if (this.hasAttribute("data-cue")) this.cue()
  }

  disconnectedCallback() {
    this.unregister()
    this.unregisterInFields()
  }

  async cue() {
    await customElements.whenDefined("dialogue-player")
    const player = document.querySelector("dialogue-player")
    player?.cueTurn?.(player.currentTurn)
  }

  /** False if there is no such choice. */
  choose(digit) {
    const choices = [...this.querySelectorAll("input[type=radio]")]
    const choice = choices.find((input) => input.dataset.digit === digit) ?? choices[Number(digit) - 1]
    if (choice) choice.checked = true
    return Boolean(choice)
  }

  press(key) {
    const element = document.querySelector(`[data-key="${key}"]`)
    if (element?.matches("input, textarea, select")) element.focus()
    else element?.click()
    return Boolean(element)
  }

  /** False if nothing is chosen. */
  submit() {
    const isChosen = this.querySelector("input[type=radio]:checked") !== null
    if (isChosen) this.querySelector("form").requestSubmit()
    return isChosen
  }
}

customElements.define("digit-choice", DigitChoice)
