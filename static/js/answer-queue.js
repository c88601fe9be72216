// Answers on their way to the server, in order, each with an id of its own; kept in this browser
// until the server has them, so that a lost connection or a closed tab loses nothing.
export class AnswerQueue {
  constructor(address, key, changed) {
    Object.assign(this, { address, key, changed, waiting: JSON.parse(localStorage.getItem(key) ?? "[]") })
    addEventListener("online", () => this.send())
    if (this.waiting.length) this.send()
  }

  add(utterance, task, value) {
    this.waiting.push({ utterance, task, value, client_id: crypto.randomUUID?.() ?? AnswerQueue.uuid() })
    this.keep()
    this.send()
  }

  static uuid() { // randomUUID is missing on plain http addresses other than localhost
    const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("")
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
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
    while (this.waiting.length) {
      this.changed("saving")
      const outcome = await this.post(this.waiting[0])
      if (outcome === "later") {
        this.changed("waiting")
        clearTimeout(this.timer)
        this.timer = setTimeout(() => this.send(), 3000)
        return
      }
      this.waiting.shift()
      this.keep()
      if (outcome !== "saved") return this.changed("refused", outcome)
    }
    this.changed("saved")
  }

  async post(answer) { // "saved", "later", or the reason why the server refuses it
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value
    try {
      const response = await fetch(this.address, {
        method: "POST", headers: { "X-CSRFToken": token, Accept: "application/json" }, body: new URLSearchParams(answer), redirect: "manual",
      })
      if (response.ok) return "saved"
      return response.status === 409 ? (await response.json()).why : "later"
    } catch {
      return "later"
    }
  }
}
