// Requests on their way to the server, in order, each with a client_id so that none counts twice. They are kept in
// this browser until the server has them: a lost connection, an ended session or a closed tab loses nothing.
//   const queue = new ResendQueue("assignment-7", { onStatus: (status, detail) => … })
//   queue.send()                                      // what an earlier page left behind
//   queue.add("/assignments/7/judgements/", { utterance: 12, task: "emotion", value: "joy" })
// onStatus is called with "saving", "saved" or a reason of HttpError, and { data, status, entries }: what the server
// says, the status of its response, and the entries that it is about.
// Each tab keeps its own list; a tab that opens later takes over what an earlier one left behind.
import { HttpError, postForm, Retry } from "http"
import { uniqueId } from "unique-id"

const LONGEST_PAUSE = 3000 // milliseconds between two tries

export class ResendQueue {
  constructor(storageKey, { onStatus }) {
    Object.assign(this, { storageKey: `${storageKey}:${uniqueId()}`, onStatus, waiting: [], sending: null })
    this.retry = new Retry({ longest: LONGEST_PAUSE })
    this.#takeOver(storageKey)
    document.addEventListener("visibilitychange", () => this.retry.now()) // back from signing in elsewhere
  }

  /** The client_id of the new entry. */
  add(address, body) {
    const entry = { address, body: { client_id: uniqueId(), ...body } }
    this.waiting.push(entry)
    this.store()
    this.send()
    return entry.body.client_id
  }

  /** Resolves when nothing is waiting, or when the connection has failed. */
  send() {
    this.sending ??= this.#sendAll().finally(() => {
      this.sending = null
    })
    return this.sending
  }

  store() {
    if (this.waiting.length) localStorage.setItem(this.storageKey, JSON.stringify(this.waiting))
    else localStorage.removeItem(this.storageKey)
  }

  // --- what a queue of another kind does otherwise -----------------------------------------------
  post(entry) {
    return postForm(entry.address, entry.body)
  }

  afterSaved(_entry, _data) {}

  /** Takes out and returns the entries that are lost with the first one; the others are sent. */
  removeRejected(_data) {
    return [this.waiting.shift()]
  }

  // -----------------------------------------------------------------------------------------------
  #takeOver(storageKey) {
    const names = Object.keys(localStorage).filter((name) => name === storageKey || name.startsWith(`${storageKey}:`))
    for (const name of names) {
      this.waiting.push(...JSON.parse(localStorage.getItem(name)))
      localStorage.removeItem(name)
    }
    this.store()
  }

  async #sendAll() {
    while (this.waiting.length) {
      this.onStatus("saving", {})
      const [entry] = this.waiting
      let data
      try {
        data = await this.post(entry)
      } catch (error) {
        if (!(error instanceof HttpError)) throw error
        if (error.reason !== "rejected") {
          this.onStatus(error.reason, {})
          this.retry.schedule(() => this.send())
          return
        }
        const entries = this.removeRejected(error.data)
        this.store()
        this.onStatus("rejected", { data: error.data, status: error.status, entries })
        continue
      }
      this.retry.reset()
      this.waiting.shift()
      this.store()
      this.afterSaved(entry, data)
      this.onStatus(this.waiting.length ? "saving" : "saved", { data, entries: [entry] })
    }
  }
}
