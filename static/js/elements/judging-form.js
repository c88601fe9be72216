// <judging-form data-save="/assignments/7/judgements/" data-warn data-remark data-presence data-key="assignment-7" data-saved="Saved" …>
//   <script type="application/json" id="rules">[]</script>
//   <form class="questions" data-utterance="12"><fieldset data-task="emotion" data-over="id of the saved answer"><input type="radio" value="joy" data-mark="喜"></fieldset></form>
//   <ol id="turns"><li data-utterance="12"><button class="turn"><span class="chips"></span></button></li></ol>
//   <form class="hand-in"></form> <span class="saved"></span> <dialog class="keys-dialog"></dialog> <dialog class="remark-dialog"></dialog>
// </judging-form> lights one question, takes digits for it, saves every answer at once.
import { Activity } from "activity"
import { AnswerQueue } from "answer-queue"
import { Questions } from "questions"

class JudgingForm extends HTMLElement {
  connectedCallback() {
    const rules = JSON.parse(this.querySelector("#rules").textContent)
    this.turns = new Map([...this.querySelectorAll("#turns li")].map((li) => [li.dataset.utterance, li]))
    this.all = [...this.querySelectorAll("form.questions")].map((form) => new Questions(form, this.turns.get(form.dataset.utterance), rules))
    this.player = this.querySelector("dialogue-player")
    this.handIn = this.querySelector("form.hand-in")
    this.past = []
    this.record = (utterance, rule, outcome) => this.queue.add(this.dataset.warn, { utterance, rule, outcome })
    this.queue = new AnswerQueue(this.dataset.key, (state, why, body) => this.say(state, why, body), (answer, body) => this.reveal(answer, body))
    this.activity = new Activity(this.querySelector("video"), { minutes: Number(this.dataset.break), rest: (minutes) => this.rest(minutes), present: () => this.present() })
    this.addEventListener("change", (event) => event.target.matches("form.questions input[type=radio]") && this.answered(event.target))
    this.addEventListener("click", (event) => this.clicked(event))
    for (const [id, li] of this.turns) li.querySelector(".turn").addEventListener("click", () => this.show(id))
    this.handIn?.addEventListener("submit", (event) => this.submit(event))
    this.querySelector(".remark-dialog").addEventListener("close", (event) => this.remark(event.target))
    this.keys = (event) => this.key(event)
    document.addEventListener("keydown", this.keys)
    this.restore()
    const asked = this.all.find((each) => `#${each.form.id}` === location.hash)
    this.show((asked ?? this.all.find((each) => each.pending) ?? this.all[0]).id)
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.keys)
    this.activity.end()
  }

  restore() { // answers that were still on their way when the page was left
    for (const { body } of this.queue.waiting) {
      const of = body.task && this.all.find((each) => each.id === body.utterance)
      if (!of) continue
      of.check(body.task, body.value)
      Object.assign(of.set(body.task), { saved: body.value })
      of.set(body.task).dataset.over = body.client_id
    }
    for (const each of this.all) each.refresh()
    this.count()
  }

  show(id, play = false) {
    for (const each of this.all) each.form.hidden = each.id !== id
    this.current = this.all.find((each) => each.id === id)
    this.activity.thing = id
    for (const [key, li] of this.turns) key === id ? li.setAttribute("aria-current", "true") : li.removeAttribute("aria-current")
    this.turns.get(id).scrollIntoView({ block: "nearest" })
    this.light(this.current.pending)
    const turn = this.turns.get(id)
    if (play) this.player?.play?.(turn)
    else this.player?.cue?.(turn)
  }

  light(set) {
    this.lit = set
    for (const other of this.current.sets) other.toggleAttribute("data-lit", other === set)
  }

  answered(input) {
    const set = input.closest("fieldset")
    this.past.push({ of: this.current, set, before: set.saved })
    delete set.dataset.confidence
    this.save(this.current, set, input.value)
    this.current.warn(document.documentElement.lang.startsWith("zh") ? "zh" : "en", this.dataset.keep, this.record)
    this.light(this.current.pending)
  }

  save(of, set, value) {
    set.saved = value
    const confidence = set.querySelector(".sure") && value ? { confidence: set.dataset.confidence ?? 3 } : {}
    set.dataset.over = this.queue.add(this.dataset.save, { utterance: of.id, task: set.dataset.task, value, over: set.dataset.over, seconds: this.activity.spend(of.id), ...confidence })
    this.last = { of, set }
    of.refresh()
    this.count()
  }

  count() {
    const done = this.all.filter((each) => !each.pending).length
    this.querySelector(".done").textContent = this.dataset.progress.replace("{done}", done).replace("{all}", this.all.length)
    if (this.handIn) this.handIn.querySelector("button").disabled = done < this.all.length
  }

  clicked(event) {
    const button = event.target.closest("[data-do]"), back = event.target.closest("[data-take-back]")
    if (back) this.takeBack(back)
    if (button?.dataset.do === "sure") this.lessSure({ of: this.current, set: button.closest("fieldset") })
    else if (button) this.do(button.dataset.do, event)
  }

  do(what, event) {
    if (what === "close") event.target.closest("dialog").close()
    else if (what === "rested") { this.activity.rested(); this.querySelector(".rest").hidden = true }
    else this.querySelector(`.${{ help: "keys", skip: "skip", guideline: "guideline", comment: "remark", flag: "remark" }[what]}-dialog`)?.showModal()
    if (what === "comment" || what === "flag") {
      const kind = this.querySelector(`.remark-dialog [value=${what === "flag" ? "bad_cut" : "comment"}]`)
      kind.checked = true
      kind.focus()
    }
    if (what === "comment") this.querySelector("#remark-words").focus()
    ;({ undo: () => this.undo(), next: () => this.next(), back: () => this.back() })[what]?.()
  }

  undo() {
    const last = this.past.pop()
    if (!last) return
    last.of.check(last.set.dataset.task, last.before)
    this.save(last.of, last.set, last.before)
    this.show(last.of.id)
    this.light(last.set)
  }

  next() { // the next unfinished utterance; when none is left, the button that hands in
    const place = this.all.indexOf(this.current), later = [...this.all.slice(place + 1), ...this.all.slice(0, place + 1)]
    const unfinished = later.find((each) => each.pending)
    if (unfinished) this.show(unfinished.id, unfinished !== this.current)
    else this.handIn?.querySelector("button").focus()
  }

  move(step) {
    const other = this.all[this.all.indexOf(this.current) + step]
    if (other) this.show(other.id, true)
  }

  back() {
    const due = this.current.due, place = this.lit ? due.indexOf(this.lit) : due.length
    this.light(due[Math.max(place - 1, 0)])
  }

  lessSure({ of, set }) {
    if (!set?.querySelector(".sure") || !set.saved) return
    of.lessSure(set)
    this.save(of, set, set.saved)
  }

  key(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.target.closest("input:not([type=radio]), textarea, select, dialog[open], .bar, .hand-in, .attention")) return
    if (event.key === "Enter" && event.target.closest("a, button, summary") && !event.target.closest(".turn, .values")) return
    const moves = {
      Enter: () => this.next(), Backspace: () => this.back(), ArrowUp: () => this.move(-1), ArrowDown: () => this.move(1), "?": () => this.do("help"), u: () => this.undo(),
      c: () => this.do("comment"), f: () => this.do("flag"), g: () => this.do("guideline"), s: () => this.do("skip"), "-": () => this.last && this.lessSure(this.last), y: () => this.current.keepAll(this.record),
    }
    const move = /^\d$/.test(event.key) ? () => this.digit(event.key) : moves[event.key.length > 1 ? event.key : event.key.toLowerCase()]
    if (!move || !this.handIn && !["ArrowUp", "ArrowDown", "?", "g"].includes(event.key)) return
    event.preventDefault()
    move()
  }

  digit(key) {
    const input = key === "0" ? this.lit?.querySelector("[value=cannot_tell]") : this.lit?.querySelectorAll("input:not([value=cannot_tell])")[Number(key) - 1]
    if (!input || this.lit.disabled) return
    input.checked = true
    this.answered(input)
  }

  remark(dialog) {
    const form = dialog.querySelector("form"), { kind, words } = Object.fromEntries(new FormData(form))
    const sent = dialog.returnValue === "send" && (words.trim() || kind !== "comment")
    dialog.returnValue = ""
    if (!sent) return
    this.queue.add(this.dataset.remark, { utterance: this.current.id, kind, words })
    const line = document.createElement("li"), label = form.querySelector(`[value=${kind}]`).closest("label").textContent
    line.dataset.kind = kind
    line.append(Object.assign(document.createElement("span"), { className: "chip", textContent: label.trim() }), ` ${words}`)
    this.current.form.querySelector(".remarks").append(line)
    form.reset()
    this.current.refresh()
    this.light(this.current.pending)
    this.count()
  }

  takeBack(button) {
    this.queue.add(this.dataset.remark, { take_back: button.dataset.takeBack })
    button.closest("li").remove()
    this.current.refresh()
    this.count()
  }

  async submit(event) {
    if (!this.queue.waiting.length) return
    event.preventDefault()
    await this.queue.send()
    if (!this.queue.waiting.length) this.handIn.submit()
  }

  rest(minutes) {
    const notice = this.querySelector(".rest")
    notice.querySelector("span").textContent = this.dataset.rest.replace("{minutes}", minutes)
    notice.hidden = false
  }

  present() { if (this.dataset.presence) this.queue.post({ address: this.dataset.presence, body: {} }) }

  say(state, why, body) {
    const place = this.querySelector(".saved"), time = new Date().toLocaleTimeString()
    place.toggleAttribute("data-waiting", ["waiting", "refused", "signedOut"].includes(state))
    const words = { saved: `${this.dataset.saved} ${time}`, saving: this.dataset.saving, waiting: this.dataset.waiting, signedOut: this.dataset.signedOut }
    place.textContent = words[state] ?? (why.current ? this.overtaken(why.current, body) : `${this.dataset.refused} ${why.why}`)
  }

  reveal({ revealed }, { utterance }) { if (revealed) this.all.find((each) => each.id === utterance)?.reveal(revealed) }

  overtaken(current, body) { // show what stands, and say what was meant here
    const of = this.all.find((each) => each.id === String(current.utterance)), set = of.set(current.task)
    const name = (value) => set.querySelector(`[value="${value}"]`)?.closest("label").querySelector("span").textContent ?? "–"
    of.check(current.task, current.value)
    Object.assign(set, { saved: current.value })
    set.dataset.over = current.client_id
    of.refresh()
    this.count()
    return this.dataset.overtaken.replace("{theirs}", name(current.value)).replace("{yours}", name(body.value))
  }
}

customElements.define("judging-form", JudgingForm)
