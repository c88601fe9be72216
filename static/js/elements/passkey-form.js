// A form whose hidden field "credential" is filled in by a passkey of the browser (WebAuthn) before it is sent.
// `options` is an address that gives them as JSON, or "#" and the id of an element that holds them.
// It stays hidden where the browser knows no passkeys.
//   <passkey-form do="get" options="/sign-in/passkey/" hidden><form method="post">
//     <input type="hidden" name="credential"> <p role="alert" hidden>…</p> <button>Sign in</button></form></passkey-form>
import { getJson } from "http"

class PasskeyForm extends HTMLElement {
  connectedCallback() {
    if (!globalThis.PublicKeyCredential) return
    this.form = this.querySelector("form")
    this.form.addEventListener("submit", (event) => {
      event.preventDefault()
      this.ask()
    })
    this.hidden = false
  }

  async ask() {
    const button = this.querySelector("button")
    const alert = this.querySelector("[role=alert]")
    button.disabled = true
    alert.hidden = true
    try {
      const publicKey = withBytes(await this.options())
      const credential = await navigator.credentials[this.getAttribute("do")]({ publicKey })
      this.form.elements.credential.value = JSON.stringify(withText(credential))
      this.form.submit()
    } catch {
      // What browsers say of it is for no reader: cancelled, timed out and unknown look alike.
      alert.hidden = false
      button.disabled = false
    }
  }

  async options() {
    const place = this.getAttribute("options")
    if (place.startsWith("#")) return JSON.parse(document.querySelector(place).textContent).publicKey
    return (await getJson(place)).request_options.publicKey
  }
}

/** The options with bytes where they have base64url. */
function withBytes(options) {
  const each = (list) => list?.map((one) => ({ ...one, id: toBytes(one.id) }))
  const found = { ...options, challenge: toBytes(options.challenge) }
  if (options.user) found.user = { ...options.user, id: toBytes(options.user.id) }
  if (options.excludeCredentials) found.excludeCredentials = each(options.excludeCredentials)
  if (options.allowCredentials) found.allowCredentials = each(options.allowCredentials)
  return found
}

/** A credential as JSON, with base64url where it has bytes. */
function withText(credential) {
  const names = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]
  const response = {}
  for (const name of names) {
    if (credential.response[name]) response[name] = toText(credential.response[name])
  }
  return {
    type: credential.type,
    id: credential.id,
    rawId: toText(credential.rawId),
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  }
}

function toBytes(text) {
  const base64 = text.replace(/-/g, "+").replace(/_/g, "/")
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

function toText(buffer) {
  const characters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte))
  return btoa(characters.join("")).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "")
}

customElements.define("passkey-form", PasskeyForm)
