// Revisions on their way to the server, one after the other; a lost connection is tried again with
// the same client_id, so that nothing is saved twice and nothing is lost.
import { uuid } from "answer-queue"

export class RevisionQueue {
  constructor(addresses, head, changed) {
    Object.assign(this, { addresses, head, changed, waiting: [] })
    addEventListener("online", () => this.send())
    addEventListener("beforeunload", (event) => this.waiting.length && event.preventDefault())
  }

  add(turns) {
    this.waiting.push({ address: this.addresses.revisions, turns, client_id: uuid() })
    return this.send()
  }

  go(to) { // undo, redo or a revision's number, after what waits
    this.waiting.push({ address: this.addresses.head, to })
    return this.send()
  }

  send() {
    this.sending ??= this.drain().finally(() => { this.sending = null })
    return this.sending
  }

  async drain() {
    while (this.waiting.length) {
      this.changed("saving")
      const [step] = this.waiting
      const answer = await this.post(step)
      if (!answer) {
        this.changed("waiting")
        clearTimeout(this.timer)
        this.timer = setTimeout(() => this.send(), 3000)
        return
      }
      if (answer.why) {
        const lost = this.waiting.splice(0)
        return this.changed(answer.status === 409 ? "conflict" : "refused", answer, lost)
      }
      this.waiting.shift()
      this.head = answer.head
      if (step.turns) this.name(step.turns, answer.turns)
      this.changed(this.waiting.length ? "saving" : "saved", answer)
    }
  }

  name(sent, stored) { // new turns have got their uid: later steps must say it too
    const uids = new Map(sent.map((turn, place) => [turn.key, stored[place]?.uid]).filter(([key]) => key))
    for (const step of this.waiting) {
      for (const turn of step.turns ?? []) if (turn.uid === null && uids.has(turn.key)) turn.uid = uids.get(turn.key)
    }
  }

  async post({ address, ...body }) { // the server's answer; null if there was none
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value
    try {
      const response = await fetch(address, {
        method: "POST", headers: { "X-CSRFToken": token, "Content-Type": "application/json" }, body: JSON.stringify({ base: this.head, ...body }), redirect: "manual",
      })
      if (response.status >= 500 || response.type === "opaqueredirect") return null
      return { status: response.status, ...await response.json() }
    } catch {
      return null
    }
  }
}
