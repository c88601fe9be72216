// A key for a shortcut: pressing it in the field sends the form. Without scripts it is typed and sent by the button.
//   <key-recorder><form><input name="key"> <button></button></form></key-recorder>
import { recordKey } from "shortcuts"

class KeyRecorder extends HTMLElement {
  connectedCallback() {
    const field = this.querySelector("[name=key]")
    field.addEventListener("focus", () => field.select())
    recordKey(field, (key) => {
      field.value = key
      field.form.requestSubmit()
    })
  }
}

customElements.define("key-recorder", KeyRecorder)
