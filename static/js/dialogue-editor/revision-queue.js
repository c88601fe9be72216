// Revisions of a dialogue's turns on their way to the server. Each builds on the one before it: where one is rejected,
// those after it are lost with it.
//   const queue = new RevisionQueue({ revisions: "/dialogues/7/revisions/", head: "/dialogues/7/head/" }, 4, { onStatus })
import { postJson } from "http"
import { ResendQueue } from "resend-queue"

export class RevisionQueue extends ResendQueue {
  /** `head` is the number of the revision that the page shows. */
  constructor(addresses, head, options) {
    super(addresses.revisions, options)
    Object.assign(this, { addresses, head })
    addEventListener("beforeunload", (event) => this.waiting.length && event.preventDefault())
  }

  addTurns(turns) {
    this.#addStep(this.addresses.revisions, { turns: structuredClone(turns) })
  }

  /** Goes to "undo", "redo" or the number of a revision, after what is waiting. */
  goTo(revision) {
    this.#addStep(this.addresses.head, { to: revision })
  }

  /** The newest turns that the server does not have yet. */
  get unsavedTurns() {
    return this.waiting.findLast(({ body }) => body.turns)?.body.turns
  }

  #addStep(address, body) {
    this.add(address, this.waiting.length ? body : { base: this.head, ...body })
  }

  post({ address, body }) {
    return postJson(address, body)
  }

  afterSaved({ body }, data) {
    this.head = data.head
    if (body.turns) this.#setUids(body.turns, data.turns)
    const [next] = this.waiting
    if (next) next.body.base ??= this.head
    this.store()
  }

  removeRejected({ head }) {
    this.head = head ?? this.head
    return this.waiting.splice(0)
  }

  /** New turns have got their uid: what is still waiting must name them by it, too. */
  #setUids(sent, saved) {
    const uids = new Map(sent.map((turn, place) => [turn.key, saved[place]?.uid]))
    const waitingTurns = this.waiting.flatMap(({ body }) => body.turns ?? [])
    for (const turn of waitingTurns) if (turn.key) turn.uid ??= uids.get(turn.key) ?? null
  }
}
