// How long somebody works on each subject (an utterance), idle time left out: a minute without a key, a pointer or a
// playing video is idle.
//   const timer = new ActivityTimer(video, { breakMinutes: 50, onBreak: (minutes) => …, onPresence: () => …,
//                                          onSecond: () => … })
//   timer.subject = "12"
//   timer.takeSeconds("12")     // since they were last taken
//   timer.total                 // of all subjects, since the page was opened
const IDLE_SECONDS = 60
const PRESENCE_SECONDS = 120 // watching for long is being there, too
const ACTIVITY = ["keydown", "pointerdown", "pointermove", "scroll"]
const WORKED = "worked" // in the session's storage: seconds since the last break

export class ActivityTimer {
  #seconds = new Map()
  #lastActivity = Date.now()

  constructor(video, { breakMinutes, onBreak, onPresence, onSecond }) {
    Object.assign(this, { video, breakMinutes, onBreak, onPresence, onSecond, subject: null, total: 0 })
    const noteActivity = () => {
      this.#lastActivity = Date.now()
    }
    for (const name of ACTIVITY) addEventListener(name, noteActivity, { passive: true, capture: true })
    this.interval = setInterval(() => this.#countSecond(), 1000)
  }

  stop() {
    clearInterval(this.interval)
  }

  takeSeconds(subject) {
    const seconds = this.#seconds.get(subject) ?? 0
    this.#seconds.delete(subject)
    return seconds
  }

  startAfterBreak() {
    sessionStorage.removeItem(WORKED)
  }

  get #isIdle() {
    const isPlaying = this.video && !this.video.paused
    return document.hidden || (!isPlaying && Date.now() - this.#lastActivity > IDLE_SECONDS * 1000)
  }

  #countSecond() {
    if (this.#isIdle) return
    this.#seconds.set(this.subject, (this.#seconds.get(this.subject) ?? 0) + 1)
    this.total++
    this.onSecond()
    const worked = Number(sessionStorage.getItem(WORKED) ?? 0) + 1
    sessionStorage.setItem(WORKED, worked)
    if (this.breakMinutes && worked === this.breakMinutes * 60) this.onBreak(this.breakMinutes)
    if (worked % PRESENCE_SECONDS === 0) this.onPresence()
  }
}
