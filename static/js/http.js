// Every request of our scripts: CSRF token, JSON, errors, and the pause before another try.
//   const { id } = await postForm("/corpora/1/speakers/new/", { name: "张三" })
// Throws HttpError, whose `reason` is one of
//   "offline"      there was no response
//   "signed-out"   the session has ended, or the person may not do this any more
//   "rejected"     the server says why in `data.why`; another try would change nothing
//   "unavailable"  anything else; another try may succeed
const LOST_ACCESS = [401, 403, 404]

export class HttpError extends Error {
  constructor(reason, { status = 0, data = null, cause } = {}) {
    super(`${reason} (${status})`, { cause })
    Object.assign(this, { reason, status, data })
  }
}

/** The newest token: signing in again in another window changes the cookie. */
function csrfToken() {
  const cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)
  return cookie?.[1] ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? ""
}

/** The response, whatever its status; a redirect of anything but GET is not followed. */
export async function request(method, address, { headers = {}, body } = {}) {
  const redirect = method === "GET" ? "follow" : "manual"
  const token = method === "GET" ? {} : { "X-CSRFToken": csrfToken() }
  try {
    return await fetch(address, { method, body, redirect, headers: { ...token, ...headers } })
  } catch (cause) {
    throw new HttpError("offline", { cause })
  }
}

async function requestJson(method, address, { headers = {}, body } = {}) {
  const response = await request(method, address, { headers: { Accept: "application/json", ...headers }, body })
  const { status } = response
  const data = await response.json().catch(() => null)
  if (response.ok && data !== null) return data
  if (response.type === "opaqueredirect" || LOST_ACCESS.includes(status)) throw new HttpError("signed-out", { status })
  throw new HttpError(status < 500 && data?.why ? "rejected" : "unavailable", { status, data })
}

export const getJson = (address) => requestJson("GET", address)

export const postForm = (address, fields) => requestJson("POST", address, { body: new URLSearchParams(fields) })

export const postJson = (address, data) =>
  requestJson("POST", address, { body: JSON.stringify(data), headers: { "Content-Type": "application/json" } })

/** Runs an action again later: after 1 s, then after twice as long each time, or as soon as the browser is online. */
export class Retry {
  #action = null
  #failures = 0
  #timer

  constructor({ longest = 15_000 } = {}) {
    this.longest = longest
    addEventListener("online", () => this.now())
  }

  schedule(action) {
    clearTimeout(this.#timer)
    this.#action = action
    this.#timer = setTimeout(() => this.now(), Math.min(1000 * 2 ** this.#failures++, this.longest))
  }

  now() {
    clearTimeout(this.#timer)
    const action = this.#action
    this.#action = null
    action?.()
  }

  reset() {
    clearTimeout(this.#timer)
    this.#action = null
    this.#failures = 0
  }
}
