// <resumable-upload data-address="/corpora/1/uploads/" data-of="{sent} of {size} · {speed}/s · {left} s left" …>
//   <form><input type="file" name="media"><input type="hidden" name="upload"><button class="primary"></button></form>
//   <progress hidden></progress> <p class="said" role="status"></p> <button data-do="pause" hidden></button>
// </resumable-upload> sends the file in pieces (tus 1.0); choosing it again after a break goes on where it ended.
const PIECE = 4 * 1024 * 1024

class ResumableUpload extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form")
    this.form.addEventListener("submit", (event) => this.submit(event))
    this.pause = this.querySelector("[data-do=pause]")
    this.pause.addEventListener("click", () => { this.paused = !this.paused; this.show(); if (!this.paused) this.resume?.() })
    addEventListener("beforeunload", (event) => this.sending && event.preventDefault())
    addEventListener("online", () => this.resume?.())
  }

  async submit(event) {
    const input = this.form.querySelector("[name=media]"), file = input.files[0]
    if (!file || this.sending) return this.sending && event.preventDefault()
    event.preventDefault()
    this.sending = true
    const failure = await this.send(file).catch((error) => error.message)
    this.sending = false
    if (failure) return this.say(failure)
    input.disabled = true // it is there already
    this.form.submit()
  }

  async send(file) { // undefined when it is there, or the sentence that says why not
    const key = `upload:${this.dataset.address}:${file.name}:${file.size}:${file.lastModified}`
    Object.assign(this, { file, begun: performance.now(), waited: 0 })
    let address = localStorage.getItem(key), offset = address ? await this.reached(address) : null
    if (offset === null) {
      const name = btoa(String.fromCharCode(...new TextEncoder().encode(file.name)))
      const response = await this.ask("POST", this.dataset.address, { "Upload-Length": file.size, "Upload-Metadata": `filename ${name}` })
      if (response.status !== 201) return await response.text()
      address = response.headers.get("Location")
      offset = 0
      localStorage.setItem(key, address)
    }
    this.start = offset
    while (offset < file.size) {
      this.offset = offset
      this.show()
      if (this.paused) await new Promise((resume) => { this.resume = resume })
      const piece = await file.slice(offset, offset + PIECE).arrayBuffer()
      const headers = { "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream", ...await this.digest(piece) }
      const response = await this.ask("PATCH", address, headers, piece)
      if (response.status === 204) offset = Number(response.headers.get("Upload-Offset"))
      else if (response.status === 409) offset = await this.reached(address) ?? 0
      else if (response.status !== 460) return await response.text() // a damaged piece is sent again
    }
    localStorage.removeItem(key)
    this.form.querySelector("[name=upload]").value = address.split("/").at(-2)
  }

  async reached(address) { // bytes that the server has; null if it knows the upload no more
    const response = await this.ask("HEAD", address, {})
    return response.ok ? Number(response.headers.get("Upload-Offset")) : null
  }

  async digest(piece) { // browsers give digests on https and localhost alone
    if (!crypto.subtle) return {}
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", piece))
    return { "Upload-Checksum": `sha256 ${btoa(String.fromCharCode(...bytes))}` }
  }

  async ask(method, address, headers, body) { // asks until there is an answer
    const token = this.form.querySelector("[name=csrfmiddlewaretoken]").value
    for (let tries = 0; ; tries++) {
      try {
        const response = await fetch(address, { method, body, redirect: "manual", headers: { "Tus-Resumable": "1.0.0", "X-CSRFToken": token, ...headers } })
        if (response.status < 500) return response
      } catch { /* the connection is gone; what was sent is kept */ }
      this.say(this.dataset.waiting)
      await new Promise((resume) => { this.resume = resume; setTimeout(resume, Math.min(1000 * 2 ** tries, 15_000)) })
    }
  }

  show() {
    const seconds = (performance.now() - this.begun) / 1000, speed = (this.offset - this.start) / seconds
    const bar = this.querySelector("progress")
    Object.assign(bar, { hidden: false, max: this.file.size, value: this.offset })
    this.pause.hidden = false
    this.pause.textContent = this.paused ? this.dataset.go : this.dataset.pause
    const left = speed > 0 ? Math.ceil((this.file.size - this.offset) / speed) : "…"
    const values = { sent: size(this.offset), size: size(this.file.size), speed: size(speed), left }
    this.say(this.dataset.of.replace(/{(\w+)}/g, (_, name) => values[name]))
  }

  say(words) { this.querySelector(".said").textContent = words }
}

function size(bytes) {
  const units = ["B", "kB", "MB", "GB"]
  let at = 0
  for (; bytes >= 1000 && at < 3; at++) bytes /= 1000
  return `${bytes.toFixed(at ? 1 : 0)} ${units[at]}`
}

customElements.define("resumable-upload", ResumableUpload)
