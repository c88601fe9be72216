// Brings in one pair: its media in pieces, then the pair as a draft. What failed can be sent again.
//   const upload = new PairUpload({ uploads, sources }, { title, media, transcript }, { onProgress, onWaiting })
//   const address = await upload.send()   // of the draft; throws an Error with the server's message
import { request } from "http"
import { TusUpload } from "tus-upload"

export class PairUpload {
  #token = "" // of media that have arrived already

  constructor(addresses, pair, { onProgress, onWaiting }) {
    Object.assign(this, { addresses, pair, onProgress, onWaiting })
    this.media = pair.media && new TusUpload(addresses.uploads, pair.media, { onProgress, onWaiting })
  }

  /** Bytes of the media that the server has. */
  get sent() {
    return this.#token ? this.size : (this.media?.offset ?? 0)
  }

  get size() {
    return this.pair.media?.size ?? 0
  }

  get speed() {
    return this.media?.speed ?? 0
  }

  togglePause() {
    this.media?.togglePause()
  }

  async send() {
    if (this.media && !this.#token) this.#token = (await this.media.send()).split("/").at(-2)
    this.onProgress()
    const body = new FormData()
    body.set("title", this.pair.title)
    body.set("upload", this.#token)
    if (this.pair.transcript) body.set("transcript", this.pair.transcript)
    const response = await request("POST", this.addresses.sources, { body, headers: { Accept: "application/json" } })
    const answer = await response.json().catch(() => ({}))
    if (response.status === 201) return answer.url
    throw new Error(answer.why ?? `HTTP ${response.status}`)
  }
}
