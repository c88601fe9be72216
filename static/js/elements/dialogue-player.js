// The clip of a dialogue, with its waveform and controls; plays the spans of the utterances in a list.
//   <dialogue-player data-peaks="/dialogues/7/media/peaks/" data-turns="turns">
//     <div class="frame"><video></video> <p class="unplayable" hidden></p></div> <div class="wave"></div>
//     <div class="controls"><button data-do="play|replay|loop"></button> <select data-do="speed"></select> <output></output></div>
//   </dialogue-player>
//   <ol id="turns"><li data-start="1.2" data-end="2.4"><button class="turn"></button></li></ol>
import { Playback } from "playback"
import { registerShortcuts } from "shortcuts"
import { createWaveform } from "waveform"
import Regions from "wavesurfer-regions"

const INTO_UTTERANCE = 0.1 // seconds after the start, where a paused video already shows the utterance

class DialoguePlayer extends HTMLElement {
  connectedCallback() {
    this.video = this.querySelector("video")
    this.turns = [...document.querySelectorAll(`#${this.dataset.turns} li`)]
    this.speed = this.querySelector("[data-do=speed]")
    this.playback = new Playback(this.video)
    this.video.controls = false // they would cover the subtitles; without scripts they stay
    this.video.addEventListener("error", () => this.showError())
    if (this.video.error) this.showError()
    this.video.addEventListener("click", () => this.playback.toggle())
    this.video.addEventListener("timeupdate", () => this.showTime())
    this.addEventListener("click", (event) => this.click(event))
    this.speed.addEventListener("change", () => this.applySpeed())
    for (const turn of this.turns) turn.querySelector(".turn").addEventListener("click", () => this.playTurn(turn))
    this.unregister = registerShortcuts(this.shortcuts(), { scope: "player" })
    if (this.dataset.peaks) this.createWaveform()
  }

  disconnectedCallback() {
    this.unregister()
    this.wave?.destroy()
  }

  async createWaveform() {
    this.regions = Regions.create()
    const options = { height: 56, plugins: [this.regions] }
    this.wave = await createWaveform(this.querySelector(".wave"), this.video, this.dataset.peaks, options)
    this.wave?.on("ready", () => this.markSpan(this.currentTurn))
  }

  shortcuts() {
    return {
      " ": (event) => {
        if (event.target.closest("a, summary, video")) return false
        this.playback.toggle()
      },
      r: () => this.playTurn(this.currentTurn),
      l: () => this.toggleLoop(),
      ",": () => this.changeSpeed(-1),
      ".": () => this.changeSpeed(1),
    }
  }

  click({ target }) {
    const commands = {
      play: () => this.playback.toggle(),
      replay: () => this.playTurn(this.currentTurn),
      loop: () => this.toggleLoop(),
    }
    commands[target.closest("button")?.dataset.do]?.()
  }

  toggleLoop() {
    this.playback.loop = !this.playback.loop
    this.querySelector("[data-do=loop]").setAttribute("aria-pressed", this.playback.loop)
  }

  changeSpeed(step) {
    const last = this.speed.options.length - 1
    this.speed.selectedIndex = Math.max(0, Math.min(last, this.speed.selectedIndex + step))
    this.applySpeed()
  }

  applySpeed() {
    this.video.playbackRate = Number(this.speed.value)
  }

  get currentTurn() {
    const turnWith = (attribute) => this.turns.find((turn) => turn.hasAttribute(attribute))
    return turnWith("aria-current") ?? turnWith("data-playing") ?? this.turns[0]
  }

  playTurn(turn) {
    this.markSpan(turn)
    if (turn?.dataset.start) this.playback.playSpan(Number(turn.dataset.start), Number(turn.dataset.end))
  }

  /** Is ready at an utterance without playing it. */
  cueTurn(turn) {
    this.markSpan(turn)
    if (turn?.dataset.start && this.video.paused) this.video.currentTime = Number(turn.dataset.start) + INTO_UTTERANCE
  }

  markSpan(turn) {
    if (!this.wave?.getDuration() || !turn?.dataset.start) return
    this.regions.clearRegions()
    this.regions.addRegion({
      start: Number(turn.dataset.start),
      end: Number(turn.dataset.end),
      color: getComputedStyle(this).getPropertyValue("--region"),
      drag: false,
      resize: false,
    })
  }

  showTime() {
    const now = this.video.currentTime
    for (const turn of this.turns) {
      turn.toggleAttribute("data-playing", now >= Number(turn.dataset.start) && now < Number(turn.dataset.end))
    }
    this.querySelector("output").textContent = `${now.toFixed(1)} / ${(this.video.duration || 0).toFixed(1)} s`
  }

  showError() {
    this.video.hidden = true
    this.querySelector(".unplayable").hidden = false
  }
}

customElements.define("dialogue-player", DialoguePlayer)
