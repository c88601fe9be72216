// Sends a file in chunks by tus 1.0 (https://tus.io/protocols/resumable-upload), with a checksum each. The address of
// the upload is kept in this browser: the same file, chosen again, goes on where it ended.
//   const upload = new TusUpload("/corpora/1/uploads/", file, { onProgress: () => …, onWaiting: () => … })
//   const address = await upload.send()      // throws UploadRejected, with the server's message
import { HttpError, Retry, request } from "http"

const CHUNK_BYTES = 4 * 1024 * 1024
const CHECKSUM_MISMATCH = 460 // of tus: the chunk was damaged on its way
const FULL_DISK = 507 // waiting does not help; what was sent is kept and goes on when the file is chosen again

export class UploadRejected extends Error {}

export class TusUpload {
  #resume = null // ends a pause
  #retry = new Retry()

  constructor(address, file, { onProgress, onWaiting }) {
    Object.assign(this, { address, file, onProgress, onWaiting, offset: 0, isPaused: false })
    Object.assign(this, { startOffset: 0, startTime: performance.now() })
    this.storageKey = `upload:${address}:${file.name}:${file.size}:${file.lastModified}`
  }

  togglePause() {
    this.isPaused = !this.isPaused
    if (this.isPaused) return
    this.#resume?.()
    this.#retry.now()
  }

  /** Bytes a second, since this page began to send. */
  get speed() {
    const seconds = (performance.now() - this.startTime) / 1000
    return seconds > 0 ? (this.offset - this.startOffset) / seconds : 0
  }

  /** The address of the upload, once the server has the whole file. */
  async send() {
    const address = (await this.#continueEarlier()) ?? (await this.#create())
    Object.assign(this, { startOffset: this.offset, startTime: performance.now() })
    while (this.offset < this.file.size) {
      this.onProgress()
      if (this.isPaused) await this.#untilResumed()
      await this.#sendChunk(address)
    }
    localStorage.removeItem(this.storageKey)
    return address
  }

  async #continueEarlier() {
    const address = localStorage.getItem(this.storageKey)
    const offset = address ? await this.#storedBytes(address) : null
    if (offset === null) return null
    this.offset = offset
    return address
  }

  async #create() {
    const metadata = `filename ${toBase64(new TextEncoder().encode(this.file.name))}`
    const headers = { "Upload-Length": this.file.size, "Upload-Metadata": metadata }
    const response = await this.#request("POST", this.address, headers)
    if (response.status !== 201) throw new UploadRejected(await response.text())
    const address = response.headers.get("Location")
    localStorage.setItem(this.storageKey, address)
    return address
  }

  async #sendChunk(address) {
    const chunk = await this.file.slice(this.offset, this.offset + CHUNK_BYTES).arrayBuffer()
    const headers = { "Upload-Offset": this.offset, "Content-Type": "application/offset+octet-stream" }
    Object.assign(headers, await checksumHeader(chunk))
    const response = await this.#request("PATCH", address, headers, chunk)
    if (response.status === 204) this.offset = Number(response.headers.get("Upload-Offset"))
    else if (response.status === 409) this.offset = (await this.#storedBytes(address)) ?? 0
    else if (response.status !== CHECKSUM_MISMATCH) throw new UploadRejected(await response.text())
  }

  /** How many bytes the server has; null if it does not know the upload any more. */
  async #storedBytes(address) {
    const response = await this.#request("HEAD", address, {})
    return response.ok ? Number(response.headers.get("Upload-Offset")) : null
  }

  /** The first response that is not an error of the server or of the connection. */
  async #request(method, address, headers, body) {
    for (;;) {
      const response = await this.#requestOnce(method, address, headers, body)
      if (response) {
        this.#retry.reset()
        return response
      }
      this.onWaiting()
      await new Promise((resolve) => this.#retry.schedule(resolve))
    }
  }

  async #requestOnce(method, address, headers, body) {
    try {
      const response = await request(method, address, { headers: { "Tus-Resumable": "1.0.0", ...headers }, body })
      return response.status < 500 || response.status === FULL_DISK ? response : null
    } catch (error) {
      if (error instanceof HttpError) return null // the connection is gone; what was sent is kept
      throw error
    }
  }

  #untilResumed() {
    return new Promise((resolve) => {
      this.#resume = resolve
    })
  }
}

const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes))

/** Nothing on plain http: browsers compute digests on https and localhost alone. */
async function checksumHeader(chunk) {
  if (!crypto.subtle) return {}
  return { "Upload-Checksum": `sha256 ${toBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", chunk)))}` }
}
