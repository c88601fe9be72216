// The clip of a dialogue, with its waveform and controls; plays the spans of the utterances in a list.
//   <dialogue-player data-peaks="/dialogues/7/media/peaks/" data-turns="turns">
//     <div class="frame">
//       <video></video> <p class="subtitle" hidden></p>
//       <div class="unplayable" hidden><p data-why="offline"></p> <p data-why="damaged"></p> <button data-do="reload"></button></div>
//     </div>
//     <div class="wave"></div>
//     <div class="controls"><button data-do="play|replay|loop|back|forward|mute|subtitles|theatre|picture|full"></button>
//       <input type="range" data-do="volume"> <select data-do="speed"></select> <output></output></div>
//   </dialogue-player>
//   <ol id="turns"><li data-start="1.2" data-end="2.4"><button class="turn"><q data-words="whose">what is said</q></button></li></ol>
// Theatre mode sets data-theatre of the <body>; what the list does not say (a view that withholds words) is no subtitle.
import { FrameClock } from "frame-clock"
import { PageSettings } from "page-settings"
import { Playback } from "playback"
import { registerShortcuts } from "shortcuts"
import { createWaveform } from "waveform"
import Regions from "wavesurfer-regions"

const INTO_UTTERANCE = 0.1 // seconds after the start, where a paused video already shows the utterance
const NETWORK_ERROR = 2 // MediaError.MEDIA_ERR_NETWORK
const WAVE_HEIGHT = 48

class DialoguePlayer extends HTMLElement {
  connectedCallback() {
    this.video = this.querySelector("video")
    this.frame = this.querySelector(".frame")
    this.subtitle = this.querySelector(".subtitle")
    this.turns = [...document.querySelectorAll(`#${this.dataset.turns} li`)]
    this.speed = this.querySelector("[data-do=speed]")
    this.volume = this.querySelector("[data-do=volume]")
    this.playback = new Playback(this.video)
    this.clock = new FrameClock(this.video)
    this.settings = new PageSettings("player")
    this.video.controls = false // they would cover the subtitles; without scripts they stay
    this.listen()
    this.applySettings()
    for (const turn of this.turns) turn.querySelector(".turn").addEventListener("click", () => this.playTurn(turn))
    this.unregister = registerShortcuts(this.shortcuts(), { scope: "player" })
    if (this.dataset.peaks) this.createWaveform()
  }

  disconnectedCallback() {
    this.unregister()
    this.wave?.destroy()
    document.body.toggleAttribute("data-theatre", false)
  }

  listen() {
    const { video } = this
    const setLoading = (isLoading) => this.frame.toggleAttribute("data-loading", isLoading)
    setLoading(video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA && video.hasAttribute("src"))
    for (const name of ["loadeddata", "canplay", "playing", "seeked"]) {
      video.addEventListener(name, () => setLoading(false))
    }
    video.addEventListener("waiting", () => setLoading(true))
    video.addEventListener("error", () => this.showError())
    if (video.error) this.showError()
    for (const name of ["play", "pause"]) video.addEventListener(name, () => this.showPlaying())
    video.addEventListener("click", () => this.playback.toggle())
    video.addEventListener("timeupdate", () => this.showTime())
    this.addEventListener("click", (event) => this.click(event))
    this.speed.addEventListener("change", () => this.applySpeed())
    this.volume?.addEventListener("input", () => this.setVolume(Number(this.volume.value)))
  }

  async createWaveform() {
    this.regions = Regions.create()
    const options = { height: WAVE_HEIGHT, barWidth: 2, barGap: 1, barRadius: 2, plugins: [this.regions] }
    this.wave = await createWaveform(this.querySelector(".wave"), this.video, this.dataset.peaks, options)
    this.wave?.on("ready", () => this.markSpan(this.currentTurn))
  }

  shortcuts() {
    const { commands } = this
    const unlessField = (command) => (event) => (event.target.matches("input") ? false : command())
    return {
      " ": (event) => {
        if (event.target.closest("a, summary, video")) return false
        this.playback.toggle()
      },
      r: commands.replay,
      l: commands.loop,
      ",": () => this.changeSpeed(-1),
      ".": () => this.changeSpeed(1),
      ArrowLeft: unlessField(commands.back),
      ArrowRight: unlessField(commands.forward),
      m: commands.mute,
      v: commands.subtitles,
      t: commands.theatre,
      x: commands.full,
      i: commands.picture,
    }
  }

  commands = {
    play: () => this.playback.toggle(),
    replay: () => this.playTurn(this.currentTurn),
    loop: () => this.toggleLoop(),
    back: () => this.stepFrames(-1),
    forward: () => this.stepFrames(1),
    mute: () => this.setVolume(this.video.volume, !this.video.muted),
    subtitles: () => this.toggle("subtitles", true),
    theatre: () => this.toggle("theatre", false),
    full: () => this.toggleFullScreen(),
    picture: () => this.togglePictureInPicture(),
    reload: () => this.reload(),
  }

  click({ target }) {
    this.commands[target.closest("button")?.dataset.do]?.()
  }

  // --- what somebody sets and this browser keeps --------------------------------------------------
  applySettings() {
    this.video.volume = this.settings.get("volume", 1)
    this.video.muted = this.settings.get("muted", false)
    this.speed.value = this.settings.get("speed", "1")
    this.video.playbackRate = Number(this.speed.value)
    this.showSettings()
  }

  toggle(name, otherwise) {
    this.settings.set(name, !this.settings.get(name, otherwise))
    this.showSettings()
  }

  showSettings() {
    const isOn = {
      theatre: this.settings.get("theatre", false),
      subtitles: this.settings.get("subtitles", true),
      mute: this.video.muted,
    }
    for (const [name, on] of Object.entries(isOn)) {
      this.querySelector(`button[data-do=${name}]`)?.setAttribute("aria-pressed", on)
    }
    document.body.toggleAttribute("data-theatre", isOn.theatre && Boolean(this.querySelector("[data-do=theatre]")))
    if (this.volume) this.volume.value = this.video.muted ? 0 : this.video.volume
    this.showSubtitle()
  }

  setVolume(volume, isMuted = false) {
    this.video.volume = volume || 1
    this.video.muted = isMuted || volume === 0
    this.settings.set("volume", this.video.volume)
    this.settings.set("muted", this.video.muted)
    this.showSettings()
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
    this.settings.set("speed", this.speed.value)
  }

  // --- ways to look ---------------------------------------------------------------------------------
  stepFrames(step) {
    this.playback.stop()
    const { duration, currentTime } = this.video
    this.video.currentTime = Math.max(0, Math.min(duration || 0, currentTime + step * this.clock.seconds))
  }

  async toggleFullScreen() {
    if (document.fullscreenElement) await document.exitFullscreen()
    else await this.frame.requestFullscreen?.().catch(() => {}) // the browser says why itself
  }

  async togglePictureInPicture() {
    if (document.pictureInPictureElement) await document.exitPictureInPicture()
    else await this.video.requestPictureInPicture?.().catch(() => {}) // not for every film, not in every browser
  }

  // --- spans ----------------------------------------------------------------------------------------
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
    this.showSubtitle()
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
    this.showSubtitle()
  }

  showPlaying() {
    this.toggleAttribute("data-plays", !this.video.paused)
  }

  /** The line that is being said; before anything plays, that of the current utterance. */
  showSubtitle() {
    if (!this.subtitle) return
    const playing = this.turns.find((turn) => turn.hasAttribute("data-playing"))
    const turn = playing ?? (this.video.paused ? this.currentTurn : undefined)
    const line = turn?.querySelector("[data-words]")
    const text = line ? line.textContent.trim() : ""
    this.subtitle.hidden = !(text && this.settings.get("subtitles", true))
    if (this.subtitle.textContent !== text) this.subtitle.textContent = text
  }

  // --- what went wrong --------------------------------------------------------------------------------
  showError() {
    const isOffline = !navigator.onLine || this.video.error?.code === NETWORK_ERROR
    this.frame.removeAttribute("data-loading")
    this.video.hidden = true
    const message = this.querySelector(".unplayable")
    message.hidden = false
    for (const line of message.querySelectorAll("[data-why]")) {
      line.hidden = line.dataset.why !== (isOffline ? "offline" : "damaged")
    }
  }

  reload() {
    this.querySelector(".unplayable").hidden = true
    this.video.hidden = false
    this.frame.setAttribute("data-loading", "")
    this.video.load()
  }
}

customElements.define("dialogue-player", DialoguePlayer)
