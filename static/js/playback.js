// What the player and the editor share: spans of a video, the waveform, and when keys are typing.
import WaveSurfer from "wavesurfer"

export const typing = (event) => event.isComposing || event.ctrlKey || event.metaKey || event.altKey ||
  event.target.closest("input:not([type=radio], [type=range]), textarea, select, dialog[open]")

export class Playback { // plays a span of seconds, once or in a loop
  constructor(video) {
    Object.assign(this, { video, loop: false, wanted: null })
    video.addEventListener("play", () => this.watch())
  }

  toggle() { this.video.paused ? this.video.play() : this.video.pause() }

  span(start, end) {
    this.wanted = { start, end }
    this.video.currentTime = start
    this.video.play()
  }

  watch() { // ends or loops a span on the frame, which timeupdate is too coarse for
    if (this.video.paused) return
    if (this.wanted && this.video.currentTime >= this.wanted.end) {
      if (this.loop) this.video.currentTime = this.wanted.start
      else {
        this.video.pause()
        this.video.currentTime = this.wanted.end // however late a busy machine drew this frame
        this.wanted = null
        return
      }
    }
    requestAnimationFrame(() => this.watch())
  }
}

export async function waveform(container, video, address, options) { // null where there are no peaks
  const response = await fetch(address)
  if (!response.ok) return null
  const style = getComputedStyle(container)
  const token = (name) => style.getPropertyValue(name).trim()
  return WaveSurfer.create({
    container, media: video, peaks: [await response.json()], normalize: true,
    waveColor: token("--against-1"), progressColor: token("--accent"), cursorColor: token("--ink"),
    cspNonce: document.querySelector("script[nonce]")?.nonce, ...options,
  })
}
