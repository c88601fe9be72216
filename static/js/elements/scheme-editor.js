// The editor of a scheme: rows are dragged by their handle, buttons add, move, copy and remove rows, and what is wrong
// stands beside its field. The server draws the cards; without scripts its buttons do the same, page by page.
//   <scheme-editor>
//     <form class="scheme-form">
//       <div id="scheme-cards"> <ol data-sort=".task-card"><li class="task-card" id="task-1"><span class="handle"></span>
//         <details> … <select data-refresh></select> <button name="do" value="up task 1" id="do-up-task-1"></button>
//       </details></li></ol> </div>
//     </form>
//     <div id="scheme-status"><a data-field="id_t1-en" data-message="Enter a name."></a></div>
//   </scheme-editor>
import { request } from "http"
import Sortable from "sortablejs"

const TYPED = "input[type=text], select"
const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches

class SchemeEditor extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form.scheme-form")
    this.touched = new Set() // ids of fields that were left or changed
    this.form.addEventListener("click", (event) => this.click(event))
    this.form.addEventListener("input", ({ target }) => this.input(target))
    this.form.addEventListener("focusout", ({ target }) => this.leave(target))
    this.addEventListener("htmx:afterSettle", () => this.showErrors())
    this.addEventListener("click", (event) => this.goTo(event))
    this.makeSortable()
  }

  makeSortable() {
    for (const list of this.querySelectorAll("[data-sort]")) {
      Sortable.create(list, {
        draggable: list.dataset.sort,
        handle: ".handle",
        animation: isStill ? 0 : 120,
        onEnd: ({ item }) => this.refresh("", item.querySelector("summary, input[type=text]")),
      })
    }
  }

  click(event) {
    const button = event.target.closest("button[name=do]")
    if (!button) return
    event.preventDefault()
    this.refresh(button.value, button)
  }

  input(field) {
    if (field.matches("[data-refresh]")) return this.refresh("", field)
    if (field.closest(".swatch")) field.closest(".swatch").dataset.colour = field.value
    this.changed()
  }

  leave(field) {
    if (!field.matches(TYPED)) return
    this.touched.add(field.id)
    this.showErrors()
  }

  changed() {
    this.form.dispatchEvent(new Event("scheme-changed"))
  }

  /** Draws the cards anew, after the command of a button if there is one. */
  async refresh(command, from) {
    this.form.dispatchEvent(new Event("input", { bubbles: true }))
    const body = new FormData(this.form)
    body.append("do", command)
    for (const card of this.querySelectorAll(".task-card:has(> details[open])")) {
      body.append("open", card.id.replace("task-", "t").replace("rule-", "r"))
    }
    const response = await request("POST", location.href, { body })
    const page = new DOMParser().parseFromString(await response.text(), "text/html")
    const cards = page.getElementById("scheme-cards")
    if (!cards) return location.reload()
    const again = selectorOf(from)
    keepTyped(this.form, body, cards)
    this.querySelector("#scheme-cards").replaceWith(cards)
    this.makeSortable()
    this.focusAfter(command, again)
    this.changed()
  }

  focusAfter(command, again) {
    const { focus } = this.querySelector("#scheme-cards").dataset
    const row = focus && document.getElementById(focus)
    const isNew = /^(add|copy) /.test(command)
    const same = !isNew && again && this.querySelector(again)
    const field = same && !same.disabled ? same : row?.querySelector("input[type=text], select, summary")
    field?.focus()
    if (isNew) row?.scrollIntoView({ block: "nearest" })
  }

  /** Errors of the fields that were touched, beside them. */
  showErrors() {
    for (const field of this.querySelectorAll("[data-live-error]")) {
      field.nextElementSibling.remove()
      field.removeAttribute("data-live-error")
      field.removeAttribute("aria-invalid")
      field.removeAttribute("aria-describedby")
    }
    for (const { dataset } of this.querySelectorAll("#scheme-status [data-field]")) {
      const field = document.getElementById(dataset.field)
      if (!field?.matches(TYPED) || !this.touched.has(field.id) || field.hasAttribute("aria-invalid")) continue
      const id = `${field.id}-error`
      field.insertAdjacentElement(
        "afterend",
        Object.assign(document.createElement("p"), { className: "errorlist", id }),
      )
      field.nextElementSibling.textContent = dataset.message
      field.setAttribute("data-live-error", "")
      field.setAttribute("aria-invalid", "true")
      field.setAttribute("aria-describedby", id)
    }
  }

  /** Opens the card of a field that is named among what is to correct, and goes there. */
  goTo(event) {
    const field = document.getElementById(event.target.closest("[data-field]")?.dataset.field)
    if (!field) return
    event.preventDefault()
    for (let part = field; part; part = part.parentElement) if (part.matches("details")) part.open = true
    if (field.matches(".task-card")) field.querySelector("details").open = true
    this.touched.add(field.id)
    const target = field.matches(TYPED) ? field : field.querySelector("input:not([type=hidden]), select, summary")
    ;(target ?? field).focus()
    this.showErrors()
  }
}

/** What was typed while the cards were on their way. */
function keepTyped(form, sent, cards) {
  for (const field of form.querySelectorAll(TYPED)) {
    if (sent.get(field.name) === field.value) continue
    const drawn = cards.querySelector(`[name="${field.name}"]`)
    if (drawn) drawn.value = field.value
  }
}

function selectorOf(element) {
  if (!element) return ""
  if (element.id) return `#${CSS.escape(element.id)}`
  if (element.name) return `[name="${element.name}"][value="${element.value}"]`
  return element.closest("[id]") ? `#${CSS.escape(element.closest("[id]").id)} ${element.localName}` : ""
}

customElements.define("scheme-editor", SchemeEditor)
