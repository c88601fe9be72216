// Edits of a dialogue's turns: each takes the list and gives a new one, in order of time, so that
// the list before it is still there to go back to. Times are seconds of the clip, to the 10 ms.
export const SHORTEST = 0.05

export const grid = (seconds) => Math.round(seconds * 100) / 100
const within = (value, low, high) => Math.min(Math.max(value, low), high)
let made = 0
export const newKey = () => `new-${++made}`
export const nameOf = (turn) => turn.uid ?? turn.key

const sorted = (turns) => turns.map((turn, place) => [turn, place])
  .sort(([a, i], [b, j]) => (a.start ?? 0) - (b.start ?? 0) || i - j).map(([turn]) => turn)

export function change(turns, at, values) {
  return sorted(turns.map((turn, place) => place === at ? { ...turn, ...values } : turn))
}

export function retype(turns, at, text) { // what a person typed is no machine's any more
  return change(turns, at, { text: text.trim(), machine: false })
}

export function move(turns, at, edge, seconds, duration) { // one boundary; it never passes the other
  const { start, end } = turns[at]
  const to = grid(seconds)
  return change(turns, at, edge === "start" ? { start: within(to, 0, end - SHORTEST) } : { end: within(to, start + SHORTEST, duration) })
}

export function shift(turns, at, start, end, duration) { // both boundaries, as a region is dragged
  const length = Math.max(grid(end - start), SHORTEST)
  const from = within(grid(start), 0, Math.max(duration - length, 0))
  return change(turns, at, { start: from, end: Math.min(from + length, duration) })
}

export function split(turns, at, time, caret) { // at a time, at a place in the words, or at both
  const turn = turns[at], letters = [...turn.text]
  const share = time !== null && time > turn.start && time < turn.end ? (time - turn.start) / (turn.end - turn.start)
    : caret !== null && letters.length ? within(caret / turn.text.length, 0.05, 0.95) : 0.5
  const cut = caret ?? letters.slice(0, Math.round(letters.length * share)).join("").length
  const parted = turn.start === null ? null : within(grid(turn.start + share * (turn.end - turn.start)), turn.start + SHORTEST, turn.end - SHORTEST)
  if (parted !== null && turn.end - turn.start < 2 * SHORTEST) return turns
  const first = { ...turn, text: turn.text.slice(0, cut).trim(), end: parted }
  const second = { ...turn, uid: null, key: newKey(), text: turn.text.slice(cut).trim(), translation: "", start: parted }
  return [...turns.slice(0, at), first, second, ...turns.slice(at + 1)]
}

export function merge(turns, at) { // with the next one; the first one's speaker says it all
  const [turn, next] = [turns[at], turns[at + 1]]
  if (!next) return turns
  const join = (a, b) => [a, b].filter(Boolean).join(/[\x20-\x7e]$/.test(a) && /^[\x20-\x7e]/.test(b) ? " " : "")
  const both = { ...turn, text: join(turn.text, next.text), translation: [turn.translation, next.translation].filter(Boolean).join(" "), end: turn.end === null ? null : Math.max(turn.end, next.end), machine: turn.machine || next.machine }
  return [...turns.slice(0, at), both, ...turns.slice(at + 2)]
}

export function remove(turns, at) {
  return turns.length > 1 ? turns.filter((_, place) => place !== at) : turns
}

export function add(turns, time, duration) { // a new turn, in the silence at `time` where there is one
  const start = Math.min(grid(time), Math.max(duration - 0.5, 0))
  const next = turns.find((turn) => turn.start > start)?.start ?? duration
  const end = next - start >= 0.3 ? Math.min(next, start + 2) : Math.min(start + 1, duration)
  return sorted([...turns, { uid: null, key: newKey(), speaker: null, text: "", translation: "", start, end: grid(end), machine: false }])
}
