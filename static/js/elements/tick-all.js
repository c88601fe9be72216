// <tick-all><button data-ticked>Publish <span data-count></span></button> <input type="checkbox" data-all>
//   <input type="checkbox" name="pk" value="7"></tick-all> ticks a page of rows, Shift a stretch of them.
class TickAll extends HTMLElement {
  connectedCallback() {
    this.boxes = [...this.querySelectorAll("[name=pk]")]
    this.all = this.querySelector("[data-all]")
    this.addEventListener("click", (event) => this.boxes.includes(event.target) && this.stretch(event))
    this.addEventListener("change", (event) => {
      if (event.target === this.all) for (const box of this.boxes) box.checked = this.all.checked
      this.show()
    })
    this.show()
  }

  stretch(event) {
    const here = this.boxes.indexOf(event.target)
    if (event.shiftKey && this.last !== undefined) {
      const [from, to] = [this.last, here].sort((a, b) => a - b)
      for (const box of this.boxes.slice(from, to + 1)) box.checked = event.target.checked
    }
    this.last = here
  }

  show() {
    const count = this.boxes.filter((box) => box.checked).length
    if (this.all) Object.assign(this.all, { checked: count > 0 && count === this.boxes.length, indeterminate: count > 0 && count < this.boxes.length })
    for (const button of this.querySelectorAll("[data-ticked]")) button.disabled = !count
    for (const place of this.querySelectorAll("[data-count]")) place.textContent = count || ""
  }
}

customElements.define("tick-all", TickAll)
