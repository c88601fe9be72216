// How long somebody works on each thing, idle time left out: a minute without a key, a pointer or a
// playing film is idle. `spend(thing)` gives the seconds since it was last asked about the thing.
const IDLE = 60

export class Activity {
  constructor(video, { minutes, rest, present }) {
    Object.assign(this, { video, minutes, rest, present, spent: new Map(), seen: Date.now(), away: 0 })
    for (const name of ["keydown", "pointerdown", "pointermove", "scroll"]) addEventListener(name, () => { this.seen = Date.now() }, { passive: true, capture: true })
    this.timer = setInterval(() => this.tick(), 1000)
  }

  end() { clearInterval(this.timer) }

  tick() {
    if (document.hidden || (Date.now() - this.seen > IDLE * 1000 && (this.video?.paused ?? true))) return
    this.spent.set(this.thing, (this.spent.get(this.thing) ?? 0) + 1)
    const worked = Number(sessionStorage.getItem("worked") ?? 0) + 1
    sessionStorage.setItem("worked", worked)
    if (this.minutes && worked === this.minutes * 60) this.rest(this.minutes)
    if (worked % 120 === 0) this.present() // watching for long is being there, too
  }

  rested() { sessionStorage.removeItem("worked") }

  spend(thing) {
    const seconds = this.spent.get(thing) ?? 0
    this.spent.delete(thing)
    return seconds
  }
}
