// The editor of a dialogue's turns, beside video and waveform; every edit is saved as a revision.
//   <dialogue-editor data-revisions="/dialogues/7/revisions/" data-head="…" data-speakers="…" data-peaks="…"
//                    data-saved="Saved" data-saving data-waiting data-mine>
//     <script type="application/json" id="state">{"head": 0, "turns": […], "speakers": {"3": "张三"}, "duration": 12.4}</script>
//     <video></video> <div class="wave"></div> <output></output> <span class="saved"></span>
//     <button data-do="play|replay|loop|undo|redo|split|merge|add|remove|confirm|restore|help"></button>
//     <select data-field="speed"></select> <input type="range" data-field="zoom">
//     <ol class="lines"></ol> <template>see dialogue-editor/turn-rows.js</template> <datalist></datalist> <dialog></dialog>
//   </dialogue-editor>
import { RevisionQueue } from "dialogue-editor/revision-queue"
import {
  addTurn,
  changeText,
  changeTurn,
  idOf,
  mergeWithNext,
  moveBoundary,
  moveTurn,
  removeTurn,
  splitTurn,
} from "dialogue-editor/turn-edits"
import { TurnRegions } from "dialogue-editor/turn-regions"
import { TurnRows } from "dialogue-editor/turn-rows"
import { HttpError, postForm } from "http"
import { Playback } from "playback"
import { isOnControl, registerShortcuts } from "shortcuts"
import { timeNow } from "time-now"
import { createWaveform } from "waveform"

const STEP = 0.01 // seconds that a key moves a boundary by
const FIELDS = "textarea, input[data-field]"

class DialogueEditor extends HTMLElement {
  connectedCallback() {
    const state = JSON.parse(this.querySelector("#state").textContent)
    Object.assign(this, { duration: state.duration, selected: 0 })
    this.video = this.querySelector("video") // missing where there is no clip
    this.playback = this.video && new Playback(this.video)
    this.rows = new TurnRows(this.querySelector(".lines"), this.querySelector("template"))
    this.queue = new RevisionQueue({ revisions: this.dataset.revisions, head: this.dataset.head }, state.head, {
      onStatus: (...news) => this.applyResponse(...news),
    })
    this.listen()
    this.setState(state)
    if (this.queue.unsavedTurns) this.setTurns(this.queue.unsavedTurns)
    const linked = this.placeOf(decodeURIComponent(location.hash).slice(1))
    this.select(Math.max(linked, 0), { seek: linked >= 0 })
    if (this.video && this.dataset.peaks) this.createWaveform()
    this.queue.send()
  }

  disconnectedCallback() {
    for (const unregister of this.unregister) unregister()
    this.wave?.destroy()
  }

  listen() {
    this.video?.addEventListener("timeupdate", () => this.showTime())
    this.video?.addEventListener("click", () => this.playback.toggle())
    this.addEventListener("click", (event) => this.click(event))
    this.addEventListener("change", ({ target }) => this.changeField(target))
    this.addEventListener("focusin", ({ target }) => this.select(this.rows.placeOf(target)))
    this.unregister = [
      registerShortcuts(this.shortcuts(), { scope: "editor", except: FIELDS }),
      registerShortcuts(this.fieldShortcuts(), { within: FIELDS }),
    ]
  }

  async createWaveform() {
    const options = { height: 96, minPxPerSec: 0 }
    this.wave = await createWaveform(this.querySelector(".wave"), this.video, this.dataset.peaks, options)
    if (!this.wave) return
    if (!this.wave.getDuration()) await new Promise((resolve) => this.wave.once("ready", resolve)) // regions need it
    const style = getComputedStyle(this)
    this.regions = new TurnRegions(this.wave, {
      colors: { normal: style.getPropertyValue("--region"), selected: style.getPropertyValue("--region-lit") },
      onMove: (id, start, end) => this.moveTurn(this.placeOf(id), start, end),
      onClick: (id) => {
        this.select(this.placeOf(id))
        this.replay()
      },
    })
    this.regions.render(this.turns, this.selected)
  }

  get turn() {
    return this.turns[this.selected]
  }

  placeOf(id) {
    return this.turns.findIndex((turn) => idOf(turn) === id)
  }

  // --- the state of the server --------------------------------------------------------------------
  setState(state) {
    this.state = state
    this.names = new Map(Object.entries(state.speakers).map(([id, name]) => [Number(id), name]))
    const options = [...this.names.values()].map((value) => Object.assign(document.createElement("option"), { value }))
    this.querySelector("datalist").replaceChildren(...options)
    this.setTurns(state.turns)
  }

  /** Shows other turns; the selected one stays selected where it is among them. */
  setTurns(turns) {
    const selectedId = this.turns ? idOf(this.turn) : null
    this.turns = turns
    const place = this.placeOf(selectedId)
    this.selected = Math.min(place >= 0 ? place : this.selected, turns.length - 1)
    this.render()
  }

  applyResponse(status, { data, status: httpStatus, entries }) {
    if (data?.turns && !this.queue.waiting.length) this.setState(data) // otherwise newer edits are waiting
    this.showStatus(status, data)
    const rejected = status === "rejected" && entries.findLast(({ body }) => body.turns)
    if (rejected && httpStatus === 409) this.offerToSave(rejected.body.turns)
  }

  showStatus(status, data) {
    const line = this.querySelector(".saved")
    line.toggleAttribute("data-waiting", !["saved", "saving"].includes(status))
    const texts = {
      saved: `${this.dataset.saved} ${timeNow()}`,
      saving: this.dataset.saving,
      rejected: data?.why,
    }
    line.textContent = texts[status] ?? this.dataset.waiting
  }

  /** Somebody else has saved meanwhile: a button saves the own turns on top. */
  offerToSave(turns) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: this.dataset.mine })
    button.addEventListener("click", () => this.commit(turns))
    this.querySelector(".saved").append(" ", button)
  }

  // --- edits --------------------------------------------------------------------------------------
  commit(turns, selected = this.selected) {
    if (turns === this.turns) return
    this.turns = turns
    this.selected = Math.min(selected, turns.length - 1)
    this.render()
    this.queue.addTurns(turns)
  }

  /** Commits turns whose order may have changed; the turn of this id is selected. */
  commitMoved(turns, id) {
    this.commit(
      turns,
      turns.findIndex((turn) => idOf(turn) === id),
    )
  }

  moveTurn(place, start, end) {
    const id = idOf(this.turns[place])
    this.commitMoved(moveTurn(this.turns, place, start, end, this.duration), id)
  }

  moveBoundary(boundary, seconds) {
    if (!this.video || this.turn.start === null) return // without a clip there is nothing to hear
    this.commitMoved(moveBoundary(this.turns, this.selected, boundary, seconds, this.duration), idOf(this.turn))
  }

  changeSelected(values) {
    this.commit(changeTurn(this.turns, this.selected, values))
  }

  changeField({ dataset: { field }, value, valueAsNumber }) {
    const changes = {
      text: () => value.trim() !== this.turn.text && this.commit(changeText(this.turns, this.selected, value)),
      translation: () => this.changeSelected({ translation: value.trim() }),
      start: () => this.changeTime("start", valueAsNumber),
      end: () => this.changeTime("end", valueAsNumber),
      speaker: () => this.changeSpeaker(value.trim()),
      speed: () => {
        this.video.playbackRate = Number(value)
      },
      zoom: () => this.wave?.zoom(Number(value)),
    }
    changes[field]?.()
  }

  changeTime(boundary, seconds) {
    if (this.turn[boundary] === seconds) return
    if (Number.isFinite(seconds)) this.moveBoundary(boundary, seconds)
    else this.render()
  }

  async changeSpeaker(name) {
    const place = this.selected
    const [known] = [...this.names].find(([, other]) => other === name) ?? [null]
    const speaker = name && known === null ? await this.createSpeaker(name) : known
    if (speaker === undefined) this.render()
    else this.commit(changeTurn(this.turns, place, { speaker }))
  }

  /** The id of the new speaker; undefined if it could not be saved, with a message on the page. */
  async createSpeaker(name) {
    try {
      const { id } = await postForm(this.dataset.speakers, { name })
      this.names.set(id, name)
      return id
    } catch (error) {
      if (!(error instanceof HttpError)) throw error
      this.showStatus(error.reason, error.data)
      return undefined
    }
  }

  split() {
    const field = this.rows.fieldAt(this.selected, "text")
    const caret = document.activeElement === field ? field.selectionStart : null
    if (caret !== null) this.turns = changeTurn(this.turns, this.selected, { text: field.value })
    const time = this.video && caret === null ? this.video.currentTime : null
    this.commit(splitTurn(this.turns, this.selected, time, caret))
  }

  add() {
    if (this.video) this.commit(addTurn(this.turns, this.video.currentTime, this.duration))
  }

  // --- buttons and keys ---------------------------------------------------------------------------
  do(command, value) {
    const commands = {
      play: () => this.playback?.toggle(),
      replay: () => this.replay(),
      loop: () => this.toggleLoop(),
      undo: () => this.queue.goTo("undo"),
      redo: () => this.queue.goTo("redo"),
      restore: () => this.queue.goTo(Number(value)),
      split: () => this.split(),
      merge: () => this.commit(mergeWithNext(this.turns, this.selected)),
      remove: () => this.commit(removeTurn(this.turns, this.selected)),
      add: () => this.add(),
      confirm: () => this.changeSelected({ machine: false }),
      help: () => this.querySelector("dialog").showModal(),
    }
    commands[command]?.()
  }

  click({ target }) {
    const button = target.closest("[data-do]")
    if (this.rows.list.contains(target)) this.select(this.rows.placeOf(target))
    if (button) this.do(button.dataset.do, button.dataset.value)
  }

  shortcuts() {
    const unlessOnControl = (action) => (event) => (isOnControl(event) ? false : action())
    const nudge = (boundary, seconds) => () => this.moveBoundary(boundary, this.turn[boundary] + seconds)
    return {
      "Ctrl+z": () => this.do("undo"),
      "Ctrl+Shift+z": () => this.do("redo"),
      ArrowUp: () => this.select(this.selected - 1, { seek: true }),
      ArrowDown: () => this.select(this.selected + 1, { seek: true }),
      Enter: unlessOnControl(() => this.rows.fieldAt(this.selected, "text").focus()),
      " ": unlessOnControl(() => this.do("play")),
      Delete: () => this.do("remove"),
      "?": () => this.do("help"),
      r: () => this.do("replay"),
      l: () => this.do("loop"),
      s: () => this.do("split"),
      m: () => this.do("merge"),
      n: () => this.do("add"),
      c: () => this.do("confirm"),
      i: () => this.moveBoundary("start", this.video?.currentTime),
      o: () => this.moveBoundary("end", this.video?.currentTime),
      BracketLeft: nudge("start", -STEP),
      BracketRight: nudge("start", STEP),
      "Shift+BracketLeft": nudge("end", -STEP),
      "Shift+BracketRight": nudge("end", STEP),
    }
  }

  fieldShortcuts() {
    return {
      Escape: ({ target }) => {
        target.blur()
        return false
      },
      Enter: ({ target, shiftKey }) => (shiftKey ? false : this.leaveField(target)),
      "Ctrl+Enter": () => this.split(),
    }
  }

  /** Enter in a field: on from the text of a turn to the text of the next one. */
  leaveField(field) {
    if (field.dataset.field !== "text") return field.blur()
    if (field.value.trim() === this.turn.text && this.turn.machine) this.do("confirm")
    const hasNext = this.selected + 1 < this.turns.length
    field.blur()
    if (!hasNext) return
    this.select(this.selected + 1, { seek: true })
    this.rows.fieldAt(this.selected, "text").focus()
    this.replay()
  }

  // --- playing and showing ------------------------------------------------------------------------
  replay() {
    if (this.video && this.turn.start !== null) this.playback.playSpan(this.turn.start, this.turn.end)
  }

  toggleLoop() {
    if (!this.playback) return
    this.playback.loop = !this.playback.loop
    this.querySelector("[data-do=loop]").setAttribute("aria-pressed", this.playback.loop)
  }

  select(place, { seek = false } = {}) {
    if (place < 0 || place >= this.turns.length) return
    this.selected = place
    this.rows.select(place)
    const startOfDialogue = this.querySelector(".new-start [name=uid]")
    if (startOfDialogue) startOfDialogue.value = this.turn.uid ?? ""
    if (seek && this.video?.paused && this.turn.start !== null) this.video.currentTime = this.turn.start
    this.regions?.render(this.turns, this.selected)
  }

  render() {
    this.rows.render(this.turns, this.names, this.selected)
    this.querySelector("[data-do=undo]").disabled = !(this.state.can_undo || this.queue.waiting.length)
    this.querySelector("[data-do=redo]").disabled = !this.state.can_redo
    for (const part of this.querySelectorAll("[data-when]")) part.hidden = !this.state[part.dataset.when]
    this.select(this.selected)
  }

  showTime() {
    const now = this.video.currentTime
    this.querySelector("output").textContent = `${now.toFixed(2)} / ${(this.duration ?? 0).toFixed(2)} s`
    this.rows.showPlaying(this.turns, now)
  }
}

customElements.define("dialogue-editor", DialogueEditor)
