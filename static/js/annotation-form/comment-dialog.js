// The dialog for a comment or a flag on an utterance.
//   <dialog class="remark-dialog"><form method="dialog">
//     <label><input type="radio" name="kind" value="comment"> comment</label> <textarea name="words"></textarea>
//     <button value="send"></button> <button value=""></button></form></dialog>
const COMMENT = "comment"
const FIRST_FLAG = "bad_cut"

export class CommentDialog {
  /** `onSend({ kind, words, label })` is called with what is sent. */
  constructor(dialog, onSend) {
    Object.assign(this, { dialog, onSend, form: dialog.querySelector("form") })
    dialog.addEventListener("close", () => this.#close())
  }

  openForComment() {
    this.#open(COMMENT)
    this.form.querySelector("[name=words]").focus()
  }

  openForFlag() {
    this.#open(FIRST_FLAG)
  }

  #open(kind) {
    this.dialog.showModal()
    const choice = this.#choiceOf(kind)
    choice.checked = true
    choice.focus()
  }

  #close() {
    const { kind, words } = Object.fromEntries(new FormData(this.form))
    const isSent = this.dialog.returnValue === "send" && (words.trim() || kind !== COMMENT)
    this.dialog.returnValue = ""
    if (!isSent) return
    const label = this.#choiceOf(kind).closest("label").textContent.trim()
    this.onSend({ kind, words, label })
    this.form.reset()
  }

  #choiceOf(kind) {
    return this.form.querySelector(`[value=${kind}]`)
  }
}

/** The line that shows a comment under its utterance. */
export function commentLine({ kind, words, label }) {
  const line = document.createElement("li")
  line.dataset.kind = kind
  line.append(Object.assign(document.createElement("span"), { className: "chip", textContent: label }), ` ${words}`)
  return line
}
