// Plays spans of a video, once or in a loop.
//   const playback = new Playback(video)
//   playback.playSpan(1.2, 2.4)     // seconds
export class Playback {
  constructor(video) {
    Object.assign(this, { video, loop: false, span: null })
    video.addEventListener("play", () => this.#watchEnd())
  }

  toggle() {
    if (this.video.paused) this.video.play()
    else this.video.pause()
  }

  /** Pauses, and forgets the span that was playing. */
  stop() {
    this.span = null
    this.video.pause()
  }

  playSpan(start, end) {
    this.span = { start, end }
    this.video.currentTime = start
    this.video.play()
  }

  // timeupdate is too coarse to end or loop a span on its frame
  #watchEnd() {
    if (this.video.paused) return
    if (this.span && this.video.currentTime >= this.span.end) {
      if (!this.loop) {
        this.video.pause()
        this.video.currentTime = this.span.end // however late a busy machine drew this frame
        this.span = null
        return
      }
      this.video.currentTime = this.span.start
    }
    requestAnimationFrame(() => this.#watchEnd())
  }
}
