// How long a frame of a video lasts, told by the frames that it shows.
//   const clock = new FrameClock(video)
//   video.currentTime += clock.seconds
const USUAL = 1 / 25
const LONGEST = 1 / 10 // a longer gap is a pause or a seek
const SHORTEST = 1 / 130

export class FrameClock {
  seconds = USUAL
  #known = false

  constructor(video) {
    this.video = video
    video.requestVideoFrameCallback?.((_now, frame) => this.#note(frame))
  }

  #note(frame, before) {
    const gap = before && frame.presentedFrames - before.presentedFrames === 1 ? frame.mediaTime - before.mediaTime : 0
    if (gap > SHORTEST && gap < LONGEST) {
      this.seconds = this.#known ? Math.min(this.seconds, gap) : gap
      this.#known = true
    }
    this.video.requestVideoFrameCallback((_now, next) => this.#note(next, frame))
  }
}
