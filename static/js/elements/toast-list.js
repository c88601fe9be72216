// <toast-list><div class="toast" role="status">words … <button class="dismiss" hidden></div></toast-list>
// Messages above the page: what went well leaves by itself after it could be read twice, later where it can be undone,
// never while the pointer or the focus is on it; errors and warnings stay. Without it they stand in the page.
const LEAST = 8_000
const A_CHARACTER = 120
const UNDOABLE = 20_000

class ToastList extends HTMLElement {
  connectedCallback() {
    for (const toast of this.querySelectorAll(".toast")) {
      const button = toast.querySelector(".dismiss")
      button.hidden = false
      button.addEventListener("click", () => this.dismiss(toast))
      if (!toast.matches(".error, .warning")) this.leave(toast)
    }
  }

  leave(toast) {
    const length = toast.querySelector(".undo") ? UNDOABLE : LEAST
    setTimeout(
      () => {
        if (toast.matches(":hover, :focus-within") || document.hidden) this.leave(toast)
        else this.dismiss(toast)
      },
      length + A_CHARACTER * toast.textContent.trim().length,
    )
  }

  dismiss(toast) {
    toast.remove()
    if (!this.querySelector(".toast")) this.remove()
  }
}

customElements.define("toast-list", ToastList)
