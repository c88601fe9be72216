// A form whose file is uploaded in chunks first; a broken connection or a closed page goes on where it ended.
//   <resumable-upload data-address="/corpora/1/uploads/" data-of="{sent} of {size} · {speed}/s · {left} s left"
//                     data-pause="Pause" data-go="Go on" data-waiting="The connection is gone. …">
//     <form><input type="file" name="media"> <input type="hidden" name="upload"> <button class="primary"></button></form>
//     <progress hidden></progress> <p class="said" role="status"></p> <button data-do="pause" hidden></button>
//   </resumable-upload>
import { TusUpload } from "tus-upload"

const UNITS = ["B", "kB", "MB", "GB"]

class ResumableUpload extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form")
    this.pauseButton = this.querySelector("[data-do=pause]")
    this.form.addEventListener("submit", (event) => this.submit(event))
    this.pauseButton.addEventListener("click", () => this.togglePause())
    addEventListener("beforeunload", (event) => this.upload && event.preventDefault())
  }

  async submit(event) {
    const input = this.form.querySelector("[name=media]")
    const [file] = input.files
    if (!file) return
    event.preventDefault()
    if (this.upload) return
    const address = await this.send(file)
    if (!address) return
    this.form.querySelector("[name=upload]").value = address.split("/").at(-2)
    input.disabled = true // the server has the file already
    this.form.submit()
  }

  /** The address of the upload; null if it has failed, with a message on the page. */
  async send(file) {
    this.upload = new TusUpload(this.dataset.address, file, {
      onProgress: () => this.showProgress(),
      onWaiting: () => this.showMessage(this.dataset.waiting),
    })
    try {
      return await this.upload.send()
    } catch (error) {
      this.showMessage(error.message)
      return null
    } finally {
      this.upload = null
    }
  }

  togglePause() {
    if (!this.upload) return
    this.upload.togglePause()
    this.showProgress()
  }

  showProgress() {
    const { offset, file, speed, isPaused } = this.upload
    Object.assign(this.querySelector("progress"), { hidden: false, max: file.size, value: offset })
    this.pauseButton.hidden = false
    this.pauseButton.textContent = isPaused ? this.dataset.go : this.dataset.pause
    const left = speed > 0 ? Math.ceil((file.size - offset) / speed) : "…"
    const values = { sent: sizeText(offset), size: sizeText(file.size), speed: sizeText(speed), left }
    this.showMessage(this.dataset.of.replace(/{(\w+)}/g, (_, name) => values[name]))
  }

  showMessage(text) {
    this.querySelector(".said").textContent = text
  }
}

function sizeText(bytes) {
  const unit = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1)
  return `${(bytes / 1000 ** unit).toFixed(unit ? 1 : 0)} ${UNITS[unit]}`
}

customElements.define("resumable-upload", ResumableUpload)
