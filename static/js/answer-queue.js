// What is on its way to the server, in order, each with an id of its own; kept in this browser until
// the server has it, so that a lost connection, an ended session or a closed tab loses nothing.
// Each tab keeps its own list; one that opens later takes over what an earlier one left behind.
export const uuid = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((b, i) => // missing on plain http
  (i === 6 ? b & 15 | 64 : i === 8 ? b & 63 | 128 : b).toString(16).padStart(2, "0") + ([3, 5, 7, 9].includes(i) ? "-" : "")).join("")

const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value

export class AnswerQueue {
  constructor(key, changed, told = () => {}) { // `told(answer, body)`: what the server says to what it saved
    Object.assign(this, { key: `${key}:${uuid()}`, changed, told, waiting: [] })
    for (const name of Object.keys(localStorage).filter((each) => each === key || each.startsWith(`${key}:`))) {
      this.waiting.push(...JSON.parse(localStorage.getItem(name)))
      localStorage.removeItem(name)
    }
    this.keep()
    addEventListener("online", () => this.send())
    document.addEventListener("visibilitychange", () => this.send()) // back from signing in elsewhere
    if (this.waiting.length) this.send()
  }

  add(address, body) {
    const entry = { address, body: { client_id: uuid(), ...body } }
    this.waiting.push(entry)
    this.keep()
    this.send()
    return entry.body.client_id
  }

  keep() {
    if (this.waiting.length) localStorage.setItem(this.key, JSON.stringify(this.waiting))
    else localStorage.removeItem(this.key)
  }

  send() {
    this.sending ??= this.drain().finally(() => { this.sending = null })
    return this.sending
  }

  async drain() {
    let last = null
    while (this.waiting.length) {
      this.changed("saving")
      const entry = this.waiting[0], { outcome, answer } = await this.post(entry)
      if (outcome === "waiting" || outcome === "signedOut") {
        this.changed(outcome)
        clearTimeout(this.timer)
        this.timer = setTimeout(() => this.send(), 3000)
        return
      }
      this.waiting.shift()
      this.keep()
      if (outcome === "refused") this.changed("refused", answer, entry.body)
      else this.told(answer, entry.body)
      last = outcome
    }
    if (last === "saved") this.changed("saved")
  }

  async post({ address, body }) { // "saved" or "refused" with what the server answers, "waiting", "signedOut"
    try {
      const response = await fetch(address, {
        method: "POST", headers: { "X-CSRFToken": token(), Accept: "application/json" }, body: new URLSearchParams(body), redirect: "manual",
      })
      if (response.ok) return { outcome: "saved", answer: await response.json() }
      if (response.status === 409) return { outcome: "refused", answer: await response.json() }
      return { outcome: response.type === "opaqueredirect" || [403, 404].includes(response.status) ? "signedOut" : "waiting" }
    } catch {
      return { outcome: "waiting" }
    }
  }
}
