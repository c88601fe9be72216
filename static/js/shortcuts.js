// Keyboard shortcuts: one listener for the page, with which elements register what their keys do.
//   this.unregister = registerShortcuts({ " ": () => this.toggle(), "Ctrl+z": () => this.undo() })
// A key is named as in KeyboardEvent.key (letters in lower case) or KeyboardEvent.code; Ctrl stands for the Command
// key, too, and Shift is named together with Ctrl or a code only. A function that returns false leaves the key to the
// browser. Input methods and typing in fields trigger nothing.
//   scope: what the keys are of; the person's own keys for it, bound on the account page, stand in data-shortcuts of <html>
//   except: a selector of elements in which these keys keep their own meaning
//   within: a selector of fields; the shortcuts then apply to typing in these, and nowhere else
const TEXT_FIELDS = "input:not([type=radio], [type=range]), textarea"
const OWN_KEYS = `${TEXT_FIELDS}, select, dialog[open]`

const { shortcuts: ownKeys = "{}", singleKeys } = document.documentElement.dataset
const bindings = JSON.parse(ownKeys)
const isCharacter = (name) => name.length === 1 || /^(Shift\+)?Bracket/.test(name)

const registrations = new Set()

export function registerShortcuts(shortcuts, { scope, except, within } = {}) {
  const registration = { shortcuts: bound(shortcuts, bindings[scope] ?? {}), except, within }
  registrations.add(registration)
  return () => registrations.delete(registration)
}

/** The shortcuts under the person's own keys; without those of single characters for who has switched them off. */
function bound(shortcuts, own) {
  const entries = Object.entries(shortcuts)
    .map(([name, action]) => [own[name] ?? name, action])
    .filter(([name]) => name) // "": its key is bound to something else on this page
  return Object.fromEntries(singleKeys === "off" ? entries.filter(([name]) => !isCharacter(name)) : entries)
}

/** Calls `onKey` with the name of the key that is pressed in a field; Tab, Escape and modified keys stay as they are. */
export function recordKey(field, onKey) {
  const left = ["Tab", "Escape", "Shift", "Control", "Alt", "Meta", "CapsLock", "Process", "Unidentified"]
  field.addEventListener("keydown", (event) => {
    if (!event.key || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return
    if (left.includes(event.key)) return
    event.preventDefault()
    onKey(event.key)
  })
}

/** True on what Enter and Space activate by themselves. */
export const isOnControl = (event) => Boolean(event.target.closest("a, button, summary"))

function namesOf(event) {
  const key = event.key.length > 1 ? event.key : event.key.toLowerCase()
  const shift = event.shiftKey ? "Shift+" : ""
  return event.ctrlKey || event.metaKey ? [`Ctrl+${shift}${key}`] : [`${shift}${event.code}`, key]
}

function applies({ except, within }, event) {
  // a field of a dialog that has just closed keeps the focus until the page is drawn again
  const target = event.target.checkVisibility() ? event.target : document.body
  if (within) return Boolean(target.closest(within))
  const ownKeys = event.ctrlKey || event.metaKey ? TEXT_FIELDS : OWN_KEYS
  return !target.closest(except ? `${ownKeys}, ${except}` : ownKeys)
}

document.addEventListener("keydown", (event) => {
  if (!event.key || event.isComposing || event.altKey) return // no key: the browser fills a field
  const names = namesOf(event)
  for (const registration of registrations) {
    const name = names.find((each) => Object.hasOwn(registration.shortcuts, each))
    if (name === undefined || !applies(registration, event)) continue
    if (registration.shortcuts[name](event) !== false) event.preventDefault()
  }
})
