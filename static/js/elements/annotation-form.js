// The form on which an annotator answers the questions about each utterance of a dialogue.
//   <annotation-form data-save="/assignments/7/judgements/" data-warn data-remark data-presence data-key="assignment-7"
//                    data-break="50" data-saved="Saved" data-saving data-waiting data-signed-out data-refused …>
//     <script type="application/json" id="rules">[]</script>
//     <dialogue-player></dialogue-player>
//     <form class="questions" data-utterance="12">see annotation-form/utterance-questions.js</form>
//     <ol id="turns"><li data-utterance="12"><button class="turn"><span class="chips"></span></button></li></ol>
//     <form class="submission"></form> <p class="saved"></p> <p class="done"></p> <p class="elapsed"><time></time></p>
//     <progress class="bench-progress"></progress> <input type="checkbox" data-do="advance">
//     <dialog class="keys-dialog"></dialog> <dialog class="remark-dialog"></dialog> …
//   </annotation-form>
// One question is current and takes digits; every answer is saved at once. A usual value that is lit is no answer
// before it is confirmed. Answers given with one key are undone with one.
import { ActivityTimer } from "activity-timer"
import { CommentDialog, commentLine } from "annotation-form/comment-dialog"
import { ConsistencyWarnings } from "annotation-form/consistency-warnings"
import { UtteranceQuestions } from "annotation-form/utterance-questions"
import { postForm } from "http"
import { PageSettings } from "page-settings"
import { ResendQueue } from "resend-queue"
import { isOnControl, registerShortcuts } from "shortcuts"
import { onSwipe } from "swipe"
import { timeNow } from "time-now"

const DIGITS = [..."0123456789"]
const ALWAYS = ["ArrowUp", "ArrowDown", "?", "g"] // keys that work where nothing can be changed, too
const OWN_KEYS = ".bar, .submission, .attention, [type=range], [type=checkbox]" // parts of the page in which keys keep their own meaning
const NARROW = matchMedia("(max-width: 56rem)")
const DIALOGS = { help: "keys", skip: "skip", guideline: "guideline" }

class AnnotationForm extends HTMLElement {
  connectedCallback() {
    this.player = this.querySelector("dialogue-player")
    this.bench = this.querySelector(".bench")
    this.submission = this.querySelector("form.submission") // missing where nothing can be changed
    this.rows = new Map([...this.querySelectorAll("#turns li")].map((row) => [row.dataset.utterance, row]))
    this.utterances = [...this.querySelectorAll("form.questions")].map(
      (form) =>
        new UtteranceQuestions(form, this.rows.get(form.dataset.utterance), { isEditable: Boolean(this.submission) }),
    )
    this.settings = new PageSettings("workbench")
    this.undoStack = [] // of lists of answers: what one key or click has answered
    this.queue = new ResendQueue(this.dataset.key, { onStatus: (...news) => this.showStatus(...news) })
    this.warnings = this.createWarnings()
    this.comments = new CommentDialog(this.querySelector(".remark-dialog"), (comment) => this.addComment(comment))
    this.timer = this.createTimer()
    this.listen()
    this.restoreUnsent()
    const linked = this.utterances.find((utterance) => `#${utterance.form.id}` === location.hash)
    const first = linked ?? this.utterances.find((utterance) => utterance.unanswered) ?? this.utterances[0]
    this.show(first.id, { scroll: false })
    this.fit()
    this.queue.send()
  }

  disconnectedCallback() {
    this.unregister()
    this.timer.stop()
    removeEventListener("resize", this.fit)
  }

  listen() {
    this.addEventListener("change", ({ target }) => {
      if (target.matches("form.questions input[type=radio]")) this.answer([target])
      if (target.matches("[data-do=advance]")) this.settings.set("advance", target.checked)
    })
    this.addEventListener("click", (event) => this.click(event))
    for (const [id, row] of this.rows) row.querySelector(".turn").addEventListener("click", () => this.show(id))
    this.submission?.addEventListener("submit", (event) => this.submit(event))
    this.unregister = registerShortcuts(this.shortcuts(), { scope: "workbench", except: OWN_KEYS })
    addEventListener("resize", this.fit)
    const judge = this.querySelector(".judge")
    onSwipe(judge, (step) => this.showNeighbour(step))
    judge.addEventListener("pointerdown", () => this.setAnswering(true))
    this.player?.querySelector(".frame").addEventListener("pointerdown", () => this.setAnswering(false))
    const advance = this.querySelector("[data-do=advance]")
    if (advance) advance.checked = this.settings.get("advance", false)
  }

  /** Tells the style sheet where the bench begins, so that all of it fits into the window. */
  fit = () => {
    const top = this.bench.getBoundingClientRect().top + scrollY
    document.querySelector("main").style.setProperty("--bench-top", `${Math.round(top)}px`)
  }

  createTimer() {
    return new ActivityTimer(this.querySelector("video"), {
      breakMinutes: Number(this.dataset.break),
      onBreak: (minutes) => this.suggestBreak(minutes),
      onPresence: () => this.sendPresence(),
      onSecond: () => this.showElapsed(),
    })
  }

  createWarnings() {
    const rules = JSON.parse(this.querySelector("#rules").textContent)
    const keepLabel = this.dataset.keep
    return new Map(
      this.utterances.map(({ id, form }) => {
        const record = (rule, outcome) => this.queue.add(this.dataset.warn, { utterance: id, rule, outcome })
        return [id, new ConsistencyWarnings(form.querySelector(".warnings"), rules, { keepLabel, record })]
      }),
    )
  }

  // --- which utterance and which question ---------------------------------------------------------
  show(id, { play = false, scroll = true } = {}) {
    for (const utterance of this.utterances) utterance.form.hidden = utterance.id !== id
    this.current = this.utterances.find((utterance) => utterance.id === id)
    this.timer.subject = id
    for (const row of this.rows.values()) row.removeAttribute("aria-current")
    const row = this.rows.get(id)
    row.setAttribute("aria-current", "true")
    if (scroll) row.scrollIntoView({ block: "nearest" })
    this.setQuestion(this.current.unanswered, { scroll })
    this.showElapsed()
    this.refreshProgress()
    if (play) this.setAnswering(false)
    if (play) this.player?.playTurn?.(row)
    else this.player?.cueTurn?.(row)
  }

  setQuestion(fieldset, { scroll = true } = {}) {
    this.question = fieldset
    for (const other of this.current.fieldsets) other.toggleAttribute("data-lit", other === fieldset)
    if (!scroll) return
    // scroll margins keep it clear of the film and the buttons; the form first, as the film may have shrunk
    if (this.bench.hasAttribute("data-answering") && NARROW.matches) this.current.form.scrollIntoView()
    fieldset?.scrollIntoView({ block: "nearest" })
  }

  /** On a small screen the film steps back while somebody answers; nothing else moves with it. */
  setAnswering(isAnswering) {
    this.bench.toggleAttribute("data-answering", isAnswering)
  }

  showNeighbour(step) {
    const neighbour = this.utterances[this.utterances.indexOf(this.current) + step]
    if (neighbour) this.show(neighbour.id, { play: true })
  }

  /** Goes to the next utterance that is not finished; if there is none, to the button that submits. */
  showNextUnfinished() {
    const place = this.utterances.indexOf(this.current)
    const later = [...this.utterances.slice(place + 1), ...this.utterances.slice(0, place + 1)]
    const unfinished = later.find((utterance) => utterance.unanswered)
    if (unfinished) this.show(unfinished.id, { play: unfinished !== this.current })
    else this.submission?.querySelector("button").focus()
  }

  setPreviousQuestion() {
    const { due } = this.current
    const place = this.question ? due.indexOf(this.question) : due.length
    this.setQuestion(due[Math.max(place - 1, 0)])
  }

  // --- answers ------------------------------------------------------------------------------------
  /** Saves the chosen inputs of the current utterance, in the order in which they are asked. */
  answer(inputs) {
    const utterance = this.current
    const wasComplete = !utterance.unanswered
    const undoable = []
    for (const input of inputs) {
      const fieldset = input.closest("fieldset")
      undoable.push({ utterance, fieldset, value: utterance.savedValueOf(fieldset) })
      input.checked = true
      delete fieldset.dataset.confidence
      this.save(utterance, fieldset, input.value)
    }
    this.undoStack.push(undoable)
    this.refreshUndo()
    const warnings = this.warnings.get(utterance.id)
    warnings.update(utterance.answers)
    this.setQuestion(utterance.unanswered)
    const isDone = !wasComplete && !utterance.unanswered
    if (isDone && this.settings.get("advance", false) && !warnings.isOpen) this.showNextUnfinished()
  }

  answerByDigit(digit) {
    const choice = digit === "0" ? "[value=cannot_tell]" : `[data-digit="${digit}"]`
    const input = this.question?.querySelector(choice)
    if (input && !this.question.disabled) this.answer([input])
  }

  /** Answers with every usual value that is lit; whether there was one. */
  confirmUsual() {
    const inputs = this.current.usual
    if (inputs.length) this.answer(inputs)
    return inputs.length > 0
  }

  /** Answers what is still open as the utterance before was answered. */
  repeatBefore() {
    const before = this.utterances[this.utterances.indexOf(this.current) - 1]
    if (!before || this.current.cannotBeJudged) return
    const inputs = before.due.map((fieldset) => this.#sameInput(fieldset, before.valueOf(fieldset)))
    const open = inputs.filter((input) => input && !this.current.valueOf(input.closest("fieldset")))
    const asked = this.current.askedWith(open)
    if (asked.length) this.answer(asked)
  }

  #sameInput(fieldset, value) {
    return value && this.current.fieldsetOf(fieldset.dataset.task)?.querySelector(`input[value="${value}"]`)
  }

  save(utterance, fieldset, value) {
    const hasConfidence = fieldset.querySelector(".sure") && value
    const answerId = this.queue.add(this.dataset.save, {
      utterance: utterance.id,
      task: fieldset.dataset.task,
      value,
      over: fieldset.dataset.over,
      seconds: this.timer.takeSeconds(utterance.id),
      ...(hasConfidence ? { confidence: fieldset.dataset.confidence ?? 3 } : {}),
    })
    utterance.setSaved(fieldset, value, answerId)
    this.lastAnswer = { utterance, fieldset }
    this.refresh(utterance)
  }

  undo() {
    const last = this.undoStack.pop()
    if (!last) return
    for (const { utterance, fieldset, value } of last.reverse()) {
      utterance.choose(fieldset.dataset.task, value)
      this.save(utterance, fieldset, value)
    }
    const { utterance, fieldset } = last.at(-1)
    this.warnings.get(utterance.id).update(utterance.answers)
    this.refreshUndo()
    if (utterance !== this.current) this.show(utterance.id)
    this.setQuestion(utterance.isDue(fieldset) ? fieldset : utterance.unanswered)
  }

  refreshUndo() {
    const button = this.querySelector("button[data-do=undo]")
    if (button) button.disabled = this.undoStack.length === 0
  }

  lowerConfidence({ utterance, fieldset }) {
    const value = fieldset && utterance.savedValueOf(fieldset)
    if (!value || !fieldset.querySelector(".sure")) return
    utterance.lowerConfidence(fieldset)
    this.save(utterance, fieldset, value)
  }

  /** Shows the answers that were still on their way when the page was left. */
  restoreUnsent() {
    for (const { body } of this.queue.waiting) {
      const utterance = body.task && this.utterances.find(({ id }) => id === body.utterance)
      if (!utterance) continue
      utterance.choose(body.task, body.value)
      utterance.setSaved(utterance.fieldsetOf(body.task), body.value, body.client_id)
    }
    for (const utterance of this.utterances) utterance.refresh()
    this.refreshProgress()
  }

  refresh(utterance) {
    utterance.refresh()
    this.refreshProgress()
  }

  refreshProgress() {
    const done = this.utterances.filter((utterance) => !utterance.unanswered).length
    const all = this.utterances.length
    this.querySelector(".done").textContent = this.dataset.progress.replace("{done}", done).replace("{all}", all)
    this.querySelector(".bench-progress").value = done
    if (!this.submission) return
    this.submission.querySelector("button").disabled = done < all
    this.toggleAttribute("data-all-done", done === all)
    this.toggleAttribute("data-current-done", Boolean(this.current) && !this.current.unanswered)
  }

  showElapsed() {
    const seconds = Math.round(Number(this.dataset.seconds) + this.timer.total)
    const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60].map((part) => String(part).padStart(2, "0"))
    this.querySelector(".elapsed time").textContent = `${minutes}:${rest}`
  }

  // --- comments -----------------------------------------------------------------------------------
  addComment(comment) {
    const { kind, words } = comment
    this.queue.add(this.dataset.remark, { utterance: this.current.id, kind, words })
    this.current.form.querySelector(".remarks").append(commentLine(comment))
    this.refresh(this.current)
    this.setQuestion(this.current.unanswered)
  }

  withdrawComment(button) {
    this.queue.add(this.dataset.remark, { take_back: button.dataset.takeBack })
    button.closest("li").remove()
    this.refresh(this.current)
  }

  // --- keys and buttons ---------------------------------------------------------------------------
  shortcuts() {
    const shortcuts = {
      Enter: (event) => {
        if (isOnControl(event) && !event.target.closest(".turn, .values")) return false
        if (!this.confirmUsual()) this.showNextUnfinished()
      },
      Backspace: () => this.setPreviousQuestion(),
      ArrowUp: () => this.showNeighbour(-1),
      ArrowDown: () => this.showNeighbour(1),
      "?": () => this.do("help"),
      "-": () => this.lastAnswer && this.lowerConfidence(this.lastAnswer),
      c: () => this.do("comment"),
      f: () => this.do("flag"),
      g: () => this.do("guideline"),
      p: () => this.do("repeat"),
      s: () => this.do("skip"),
      u: () => this.do("undo"),
      y: () => this.warnings.get(this.current.id).keepAll(),
      ...Object.fromEntries(DIGITS.map((digit) => [digit, () => this.answerByDigit(digit)])),
    }
    if (this.submission) return shortcuts
    return Object.fromEntries(ALWAYS.map((key) => [key, shortcuts[key]]))
  }

  click({ target }) {
    const button = target.closest("[data-do]")
    const withdrawal = target.closest("[data-take-back]")
    if (withdrawal) this.withdrawComment(withdrawal)
    if (button) this.do(button.dataset.do, button)
  }

  do(command, button) {
    const commands = {
      back: () => this.setPreviousQuestion(),
      close: () => button.closest("dialog").close(),
      comment: () => this.comments.openForComment(),
      flag: () => this.comments.openForFlag(),
      next: () => this.confirmUsual() || this.showNextUnfinished(),
      repeat: () => this.repeatBefore(),
      rested: () => this.endBreak(),
      sure: () => this.lowerConfidence({ utterance: this.current, fieldset: button.closest("fieldset") }),
      undo: () => this.undo(),
    }
    commands[command]?.()
    if (command in DIALOGS) this.querySelector(`.${DIALOGS[command]}-dialog`)?.showModal()
  }

  // --- breaks and presence ------------------------------------------------------------------------
  suggestBreak(minutes) {
    const notice = this.querySelector(".rest")
    notice.querySelector("span").textContent = this.dataset.rest.replace("{minutes}", minutes)
    notice.hidden = false
  }

  endBreak() {
    this.timer.startAfterBreak()
    this.querySelector(".rest").hidden = true
  }

  sendPresence() {
    if (this.dataset.presence) postForm(this.dataset.presence, {}).catch(() => {}) // the next one comes soon
  }

  // --- what the server says -----------------------------------------------------------------------
  async submit(event) {
    if (!this.queue.waiting.length) return
    event.preventDefault()
    await this.queue.send()
    if (!this.queue.waiting.length) this.submission.submit()
  }

  showStatus(status, { data, entries }) {
    if (data?.revealed) this.utterances.find(({ id }) => id === entries[0].body.utterance)?.reveal(data.revealed)
    const line = this.querySelector(".saved")
    line.toggleAttribute("data-waiting", !["saved", "saving"].includes(status))
    line.textContent = this.statusText(status, data, entries)
  }

  statusText(status, data, entries) {
    if (status === "saved") return `${this.dataset.saved} ${timeNow()}`
    if (status === "saving") return this.dataset.saving
    if (status === "signed-out") return this.dataset.signedOut
    if (status !== "rejected") return this.dataset.waiting
    if (data.current) return this.showOtherAnswer(data.current, entries[0].body)
    return `${this.dataset.refused} ${data.why}`
  }

  /** Shows the answer that another window has saved; the text that names both answers. */
  showOtherAnswer({ utterance: id, task, value, client_id: answerId }, mine) {
    const utterance = this.utterances.find((each) => each.id === String(id))
    utterance.choose(task, value)
    utterance.setSaved(utterance.fieldsetOf(task), value, answerId)
    this.refresh(utterance)
    return this.dataset.overtaken
      .replace("{theirs}", utterance.nameOf(task, value))
      .replace("{yours}", utterance.nameOf(task, mine.value))
  }
}

customElements.define("annotation-form", AnnotationForm)
