// <dialogue-editor data-revisions="/dialogues/7/revisions/" data-head="…" data-speakers="…" data-peaks="…" data-saved="Saved" …>
//   <script type="application/json" id="state">{"head": 0, "turns": […], "speakers": {"3": "张三"}, "duration": 12.4}</script>
//   <video></video> <div class="wave"></div> <button data-do="play|replay|loop|undo|redo|split|…"></button>
//   <ol class="lines"></ol> <template><li>…<textarea data-field="text"></textarea>…</li></template> <span class="saved"></span>
// </dialogue-editor> shows the turns beside video and waveform; every edit is saved as a revision.
import Regions from "wavesurfer-regions"
import { Playback, typing, waveform } from "playback"
import { RevisionQueue } from "revision-queue"
import * as edits from "turns"

const STEP = 0.01 // seconds that a key moves a boundary by
const CODES = { BracketLeft: -STEP, BracketRight: STEP }

class DialogueEditor extends HTMLElement {
  connectedCallback() {
    const state = JSON.parse(this.querySelector("#state").textContent)
    Object.assign(this, { duration: state.duration, rows: new Map(), regions: new Map(), at: 0 })
    this.lines = this.querySelector(".lines")
    this.template = this.querySelector("template")
    this.video = this.querySelector("video")
    this.queue = new RevisionQueue({ revisions: this.dataset.revisions, head: this.dataset.head }, state.head, (...news) => this.heard(...news))
    if (this.video) this.play = new Playback(this.video)
    this.video?.addEventListener("timeupdate", () => this.follow())
    this.video?.addEventListener("click", () => this.play.toggle())
    this.addEventListener("click", (event) => this.clicked(event))
    this.addEventListener("input", (event) => { event.target.dirty = true }) // what is being typed is not drawn over
    this.addEventListener("change", (event) => { event.target.dirty = false; this.changed(event.target) })
    this.addEventListener("focusout", (event) => { event.target.dirty = false })
    this.addEventListener("focusin", (event) => this.select(this.place(event.target)))
    this.keys = (event) => this.key(event)
    document.addEventListener("keydown", this.keys)
    this.accept(state)
    const asked = this.turns.findIndex((turn) => `#${turn.uid}` === decodeURIComponent(location.hash))
    this.select(Math.max(asked, 0), asked >= 0)
    if (this.video && this.dataset.peaks) this.draw()
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.keys)
    this.wave?.destroy()
  }

  get turn() { return this.turns[this.at] }

  // --- what the server says --------------------------------------------------------------------
  accept(state) { // its turns are ours, unless newer edits of ours still wait
    this.state = state
    this.names = new Map(Object.entries(state.speakers).map(([id, name]) => [Number(id), name]))
    this.querySelector("datalist").replaceChildren(...[...this.names.values()].map((value) => Object.assign(document.createElement("option"), { value })))
    const named = this.turns?.[this.at] && edits.nameOf(this.turns[this.at])
    const index = this.at
    this.turns = state.turns
    const again = this.turns.findIndex((turn) => edits.nameOf(turn) === named)
    this.at = Math.min(again >= 0 ? again : index, this.turns.length - 1)
    this.render()
  }

  heard(what, answer, lost) {
    if (answer && !this.queue.waiting.length) this.accept(answer)
    const time = new Date().toLocaleTimeString()
    const place = this.querySelector(".saved")
    place.toggleAttribute("data-waiting", !["saved", "saving"].includes(what))
    place.textContent = { saved: `${this.dataset.saved} ${time}`, saving: this.dataset.saving, waiting: this.dataset.waiting }[what] ?? answer.why
    if (what === "conflict") {
      const mine = lost.findLast((step) => step.turns)
      const keep = Object.assign(document.createElement("button"), { type: "button", textContent: this.dataset.mine })
      keep.addEventListener("click", () => { this.queue.head = answer.head; this.commit(mine.turns) })
      this.queue.head = answer.head
      if (mine) place.append(" ", keep)
    }
  }

  // --- edits -----------------------------------------------------------------------------------
  commit(turns, at = this.at) {
    if (turns === this.turns) return
    this.turns = turns
    this.at = Math.min(at, turns.length - 1)
    this.render()
    this.queue.add(structuredClone(turns))
  }

  edit(name, ...values) { this.commit(edits[name](this.turns, this.at, ...values)) }

  shiftTo(at, start, end) {
    const name = edits.nameOf(this.turns[at])
    const turns = edits.shift(this.turns, at, start, end, this.duration)
    this.commit(turns, turns.findIndex((turn) => edits.nameOf(turn) === name))
  }

  moveEdge(edge, seconds) {
    if (!this.video || this.turn.start === null) return // without a clip there is nothing to hear
    const name = edits.nameOf(this.turn)
    const turns = edits.move(this.turns, this.at, edge, seconds, this.duration)
    this.commit(turns, turns.findIndex((turn) => edits.nameOf(turn) === name))
  }

  async changed({ dataset: { field }, value, valueAsNumber, type, target }) {
    if (field === "text" && value.trim() !== this.turn.text) this.edit("retype", value)
    if (field === "translation") this.edit("change", { translation: value.trim() })
    if (type === "number" && this.turn[field] !== valueAsNumber) Number.isFinite(valueAsNumber) ? this.moveEdge(field, valueAsNumber) : this.render()
    if (field === "speaker") this.assign(value.trim())
    if (field === "speed") this.video.playbackRate = Number(value)
    if (field === "zoom") this.wave?.zoom(Number(value))
  }

  async assign(name) {
    const at = this.at, known = [...this.names].find(([, other]) => other === name)
    let id = known?.[0] ?? null
    if (name && id === null) {
      const body = new FormData()
      body.set("name", name)
      const token = document.querySelector("[name=csrfmiddlewaretoken]").value
      const response = await fetch(this.dataset.speakers, { method: "POST", body, headers: { "X-CSRFToken": token } }).catch(() => null)
      if (!response?.ok) { this.render(); return this.heard("waiting") }
      id = (await response.json()).id
      this.names.set(id, name)
    }
    this.commit(edits.change(this.turns, at, { speaker: id }))
  }

  split() {
    const field = this.row.querySelector("[data-field=text]")
    const caret = document.activeElement === field ? field.selectionStart : null
    if (caret !== null) this.turns = edits.change(this.turns, this.at, { text: field.value })
    const now = this.video && caret === null ? this.video.currentTime : null
    this.edit("split", now, caret)
  }

  // --- what a person does ----------------------------------------------------------------------
  do(what, value) {
    const acts = {
      play: () => this.play?.toggle(), replay: () => this.replay(), undo: () => this.queue.go("undo"), redo: () => this.queue.go("redo"),
      loop: () => this.setLoop(), split: () => this.split(), merge: () => this.edit("merge"), remove: () => this.edit("remove"),
      add: () => this.video && this.commit(edits.add(this.turns, this.video.currentTime, this.duration)), confirm: () => this.edit("change", { machine: false }),
      restore: () => this.queue.go(Number(value)), in: () => this.moveEdge("start", this.video?.currentTime), out: () => this.moveEdge("end", this.video?.currentTime),
      help: () => this.querySelector("dialog").showModal(), words: () => this.row.querySelector("[data-field=text]").focus(),
    }
    acts[what]?.()
  }

  clicked(event) {
    const button = event.target.closest("[data-do]")
    if (this.lines.contains(event.target)) this.select(this.place(event.target))
    if (button) this.do(button.dataset.do, button.dataset.value)
  }

  key(event) {
    const field = event.target.closest("textarea, input[data-field]")
    if (event.isComposing) return
    if (field && this.contains(field)) return this.keyInField(event, field)
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") { event.preventDefault(); return this.do(event.shiftKey ? "redo" : "undo") }
    if (typing(event)) return
    const nudge = CODES[event.code]
    const move = nudge ? () => { const edge = event.shiftKey ? "end" : "start"; this.moveEdge(edge, this.turn[edge] + nudge) }
      : { ArrowUp: () => this.select(this.at - 1, true), ArrowDown: () => this.select(this.at + 1, true), Enter: () => this.do("words"), Delete: () => this.do("remove"), "?": () => this.do("help"), " ": () => this.do("play"),
        r: () => this.do("replay"), l: () => this.do("loop"), s: () => this.do("split"), m: () => this.do("merge"), n: () => this.do("add"), c: () => this.do("confirm"), i: () => this.do("in"), o: () => this.do("out") }[event.key.length > 1 ? event.key : event.key.toLowerCase()]
    if (!move || (["Enter", " "].includes(event.key) && event.target.closest("a, button, summary"))) return
    event.preventDefault()
    move()
  }

  keyInField(event, field) { // Enter: on to the next words; Ctrl+Enter: split at the caret; Escape: leave
    if (event.key === "Escape") field.blur()
    if (event.key !== "Enter" || event.shiftKey) return
    event.preventDefault()
    if (event.ctrlKey || event.metaKey) return this.split()
    if (field.dataset.field !== "text") return field.blur()
    if (field.value.trim() === this.turn.text && this.turn.machine) this.do("confirm")
    const next = this.at + 1 < this.turns.length
    field.blur()
    if (next) { this.select(this.at + 1, true); this.do("words"); this.replay() }
  }

  replay() { if (this.video && this.turn.start !== null) this.play.span(this.turn.start, this.turn.end) }

  setLoop() {
    if (!this.play) return
    this.play.loop = !this.play.loop
    this.querySelector("[data-do=loop]").setAttribute("aria-pressed", this.play.loop)
  }

  // --- what is seen ----------------------------------------------------------------------------
  get row() { return this.lines.children[this.at] }
  place(element) { return [...this.lines.children].indexOf(element.closest?.(".lines > li")) }

  select(at, seek) {
    if (at < 0 || at >= this.turns.length) return
    this.at = at
    for (const [place, row] of [...this.lines.children].entries()) row.toggleAttribute("aria-current", place === at)
    this.row.scrollIntoView({ block: "nearest" })
    const start = this.querySelector(".new-start [name=uid]")
    if (start) start.value = this.turn.uid ?? ""
    if (seek && this.video?.paused && this.turn.start !== null) this.video.currentTime = this.turn.start
    this.paint()
  }

  render() {
    const focused = document.activeElement?.dataset?.field
    const rows = this.turns.map((turn, place) => {
      const row = this.rows.get(edits.nameOf(turn)) ?? this.rows.get(turn.key) ?? this.template.content.firstElementChild.cloneNode(true)
      row.toggleAttribute("data-machine", turn.machine)
      row.querySelector(".number").textContent = place + 1
      const values = { ...turn, speaker: this.names.get(turn.speaker) ?? "" }
      for (const input of row.querySelectorAll("[data-field]")) {
        const value = values[input.dataset.field]
        const shown = typeof value === "number" ? value.toFixed(2) : value ?? ""
        const busy = input.dirty || (input === document.activeElement && input.dataset.field === "text")
        if (input.value !== shown && !busy) input.value = shown
        if (input.dataset.field === "translation") input.hidden = !turn.translation
      }
      return row
    })
    this.rows = new Map(this.turns.map((turn, place) => [edits.nameOf(turn), rows[place]]))
    if (rows.some((row, place) => row !== this.lines.children[place]) || rows.length !== this.lines.children.length) {
      this.lines.replaceChildren(...rows)
      if (focused && focused !== "text") rows[this.at]?.querySelector(`[data-field=${focused}]`)?.focus()
    }
    this.querySelector("[data-do=undo]").disabled = !(this.state.can_undo || this.queue.waiting.length)
    this.querySelector("[data-do=redo]").disabled = !this.state.can_redo
    for (const part of this.querySelectorAll("[data-when]")) part.hidden = !this.state[part.dataset.when]
    this.select(this.at)
  }

  async draw() {
    this.wave = await waveform(this.querySelector(".wave"), this.video, this.dataset.peaks, { height: 96, minPxPerSec: 0 })
    this.marks = this.wave?.registerPlugin(Regions.create())
    this.marks?.on("region-updated", (region) => this.shiftTo(this.turns.findIndex((turn) => edits.nameOf(turn) === region.id), region.start, region.end))
    this.marks?.on("region-clicked", (region, event) => {
      event.stopPropagation()
      this.select(this.turns.findIndex((turn) => edits.nameOf(turn) === region.id))
      this.replay()
    })
    this.paint()
  }

  paint() { // regions as the turns are; made anew only where something differs
    if (!this.marks) return
    const style = getComputedStyle(this), wash = style.getPropertyValue("--region"), lit = style.getPropertyValue("--region-lit")
    const wanted = new Map(this.turns.filter((turn) => turn.start !== null).map((turn) => [edits.nameOf(turn), turn]))
    for (const region of this.marks.getRegions()) if (!wanted.has(region.id)) region.remove()
    const present = new Map(this.marks.getRegions().map((region) => [region.id, region]))
    for (const [id, { start, end }] of wanted) {
      const color = id === edits.nameOf(this.turn) ? lit : wash
      const content = String(this.turns.indexOf(wanted.get(id)) + 1)
      const region = present.get(id)
      if (!region) this.marks.addRegion({ id, start, end, color, content, minLength: edits.SHORTEST })
      else if (region.start !== start || region.end !== end || region.color !== color || region.content?.textContent !== content) region.setOptions({ start, end, color, content })
    }
  }

  follow() {
    const now = this.video.currentTime
    this.querySelector("output").textContent = `${now.toFixed(2)} / ${(this.duration ?? 0).toFixed(2)} s`
    for (const [place, row] of [...this.lines.children].entries()) {
      row.toggleAttribute("data-playing", now >= this.turns[place].start && now < this.turns[place].end)
    }
  }
}

customElements.define("dialogue-editor", DialogueEditor)
