// Selects rows of a page: one, all, or with Shift all from the last one to this one.
//   <tick-all><button data-ticked>Publish <span data-count></span></button> <input type="checkbox" data-all>
//     <input type="checkbox" data-tick></tick-all>
class TickAll extends HTMLElement {
  connectedCallback() {
    this.boxes = [...this.querySelectorAll("[data-tick]")]
    this.all = this.querySelector("[data-all]")
    this.addEventListener("click", (event) => this.click(event))
    this.addEventListener("change", ({ target }) => {
      if (target === this.all) for (const box of this.boxes) box.checked = this.all.checked
      this.refresh()
    })
    this.refresh()
  }

  click({ target, shiftKey }) {
    const place = this.boxes.indexOf(target)
    if (place < 0) return
    if (shiftKey && this.lastPlace !== undefined) {
      const [first, last] = [this.lastPlace, place].sort((a, b) => a - b)
      for (const box of this.boxes.slice(first, last + 1)) box.checked = target.checked
    }
    this.lastPlace = place
  }

  refresh() {
    const count = this.boxes.filter((box) => box.checked).length
    const isComplete = count > 0 && count === this.boxes.length
    if (this.all) Object.assign(this.all, { checked: isComplete, indeterminate: count > 0 && !isComplete })
    for (const button of this.querySelectorAll("[data-ticked]")) button.disabled = !count
    for (const number of this.querySelectorAll("[data-count]")) number.textContent = count || ""
  }
}

customElements.define("tick-all", TickAll)
