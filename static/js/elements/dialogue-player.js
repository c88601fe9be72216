// <dialogue-player data-peaks="/dialogues/7/media/peaks/" data-turns="turns">
//   <div class="frame"><video></video></div> <div class="wave"></div>
//   <div class="controls"><button data-do="play|replay|loop"></button><select data-do="speed"></select><output></output></div>
// </dialogue-player> plays the spans of <ol id="turns"><li data-start data-end>.
import Regions from "wavesurfer-regions"
import { Playback, typing, waveform } from "playback"

class DialoguePlayer extends HTMLElement {
  connectedCallback() {
    this.video = this.querySelector("video")
    this.turns = [...document.querySelectorAll(`#${this.dataset.turns} li`)]
    this.playback = new Playback(this.video)
    this.video.addEventListener("error", () => this.fail())
    if (this.video.error) this.fail()
    this.video.controls = false // they would cover the subtitles; without scripts they stay
    this.video.addEventListener("click", () => this.do("play"))
    this.addEventListener("click", (event) => this.do(event.target.closest("button")?.dataset.do))
    this.querySelector("[data-do=speed]").addEventListener("change", (event) => { this.video.playbackRate = Number(event.target.value) })
    for (const turn of this.turns) {
      turn.querySelector(".turn").addEventListener("click", () => this.play(turn))
    }
    this.keys = (event) => this.key(event)
    document.addEventListener("keydown", this.keys)
    this.video.addEventListener("timeupdate", () => this.follow())
    if (this.dataset.peaks) this.draw()
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.keys)
    this.wave?.destroy()
  }

  fail() {
    this.video.hidden = true
    this.querySelector(".unplayable").hidden = false
  }

  async draw() {
    this.regions = Regions.create()
    this.wave = await waveform(this.querySelector(".wave"), this.video, this.dataset.peaks, { height: 56, plugins: [this.regions] })
    this.wave?.on("ready", () => this.mark(this.current))
  }

  key(event) {
    if (typing(event)) return
    const what = { " ": "play", r: "replay", l: "loop", ",": "slower", ".": "faster" }[event.key.toLowerCase()]
    if (!what || (what === "play" && event.target.closest("summary, a, video"))) return
    event.preventDefault()
    this.do(what)
  }

  do(what) {
    if (what === "play") this.playback.toggle()
    if (what === "replay") this.play(this.current)
    if (what === "slower") this.speed(-1)
    if (what === "faster") this.speed(1)
    if (what === "loop") {
      this.playback.loop = !this.playback.loop
      this.querySelector("[data-do=loop]").setAttribute("aria-pressed", this.playback.loop)
    }
  }

  speed(step) {
    const select = this.querySelector("[data-do=speed]")
    select.selectedIndex = Math.max(0, Math.min(select.options.length - 1, select.selectedIndex + step))
    this.video.playbackRate = Number(select.value)
  }

  get current() {
    return this.turns.find((turn) => turn.hasAttribute("aria-current")) ??
      this.turns.find((turn) => turn.hasAttribute("data-playing")) ?? this.turns[0]
  }

  mark(turn) { // the span of the turn in the waveform
    if (!this.wave?.getDuration() || !turn?.dataset.start) return
    this.regions.clearRegions()
    this.regions.addRegion({ start: Number(turn.dataset.start), end: Number(turn.dataset.end), color: getComputedStyle(this).getPropertyValue("--region"), drag: false, resize: false })
  }

  play(turn) {
    this.mark(turn)
    if (!turn?.dataset.start) return
    this.playback.span(Number(turn.dataset.start), Number(turn.dataset.end))
  }

  cue(turn) { // be ready at the turn without playing it
    this.mark(turn)
    if (turn?.dataset.start && this.video.paused) this.video.currentTime = Number(turn.dataset.start) + 0.1
  }

  follow() {
    const now = this.video.currentTime
    for (const turn of this.turns) {
      turn.toggleAttribute("data-playing", now >= Number(turn.dataset.start) && now < Number(turn.dataset.end))
    }
    this.querySelector("output").textContent = `${now.toFixed(1)} / ${(this.video.duration || 0).toFixed(1)} s`
  }
}

customElements.define("dialogue-player", DialoguePlayer)
