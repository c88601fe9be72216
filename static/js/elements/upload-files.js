// A form whose files are uploaded in chunks first, one after the other; a broken connection goes on where it ended.
//   <upload-files data-address="/corpora/1/uploads/" data-of="{name}: {sent} of {size} ({number} of {files})"
//                 data-pause="Pause" data-go="Resume" data-waiting="The connection is lost. …">
//     <form><input type="file" name="files" multiple> <input type="hidden" name="uploads"> <button>…</button></form>
//     <progress hidden></progress> <p class="said" role="status"></p> <button data-do="pause" hidden></button>
//   </upload-files>
import { TusUpload } from "tus-upload"

const UNITS = ["B", "kB", "MB", "GB"]

class UploadFiles extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form")
    this.pauseButton = this.querySelector("[data-do=pause]")
    this.form.addEventListener("submit", (event) => this.submit(event))
    this.pauseButton.addEventListener("click", () => this.togglePause())
    addEventListener("beforeunload", (event) => this.upload && event.preventDefault())
  }

  async submit(event) {
    const input = this.form.querySelector("[name=files]")
    if (!input.files.length) return
    event.preventDefault()
    if (this.upload) return
    const tokens = []
    for (const file of input.files) {
      const address = await this.send(file, tokens.length + 1, input.files.length)
      if (!address) return
      tokens.push(address.split("/").at(-2))
    }
    this.form.querySelector("[name=uploads]").value = tokens.join(",")
    input.disabled = true // the server has the files already
    this.form.submit()
  }

  /** The address of the upload; null if it has failed, with a message on the page. */
  async send(file, number, files) {
    this.upload = new TusUpload(this.dataset.address, file, {
      onProgress: () => this.showProgress(number, files),
      onWaiting: () => this.showMessage(this.dataset.waiting),
    })
    try {
      return await this.upload.send()
    } catch (error) {
      this.showMessage(`${file.name}: ${error.message}`)
      return null
    } finally {
      this.upload = null
    }
  }

  togglePause() {
    if (!this.upload) return
    this.upload.togglePause()
    this.pauseButton.textContent = this.upload.isPaused ? this.dataset.go : this.dataset.pause
  }

  showProgress(number, files) {
    if (!this.upload) return
    const { offset, file, isPaused } = this.upload
    Object.assign(this.querySelector("progress"), { hidden: false, max: file.size, value: offset })
    this.pauseButton.hidden = false
    this.pauseButton.textContent = isPaused ? this.dataset.go : this.dataset.pause
    const values = { name: file.name, sent: sizeText(offset), size: sizeText(file.size), number, files }
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

customElements.define("upload-files", UploadFiles)
