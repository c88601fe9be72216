// Edits of a dialogue's turns. Each takes the list and returns a new one, in order of time; the old list stays as it
// was. A turn is { uid, key, speaker, text, translation, start, end, machine }: uid is null until the server has given
// it one, and `key` names it until then. Times are seconds of the clip, to 10 ms, or null where there is no clip.
import { uniqueId } from "unique-id"

export const SHORTEST = 0.05 // seconds that a turn lasts at least
const SHORTEST_PAUSE = 0.3 // seconds between two turns in which a new one fits
const NEW_TURN = 2 // seconds that a new turn lasts where there is room
const NEW_TURN_OVERLAPPING = 1

const round = (seconds) => Math.round(seconds * 100) / 100
const clamp = (value, low, high) => Math.min(Math.max(value, low), high)

/** What names a turn, before and after it is saved. */
export const idOf = (turn) => turn.uid ?? turn.key

function inOrder(turns) {
  const placed = turns.map((turn, place) => ({ turn, place }))
  placed.sort((a, b) => (a.turn.start ?? 0) - (b.turn.start ?? 0) || a.place - b.place)
  return placed.map(({ turn }) => turn)
}

export function changeTurn(turns, at, values) {
  return inOrder(turns.map((turn, place) => (place === at ? { ...turn, ...values } : turn)))
}

/** What a person has typed is a machine's text no longer. */
export function changeText(turns, at, text) {
  return changeTurn(turns, at, { text: text.trim(), machine: false })
}

/** Moves one boundary, "start" or "end"; it never passes the other. */
export function moveBoundary(turns, at, boundary, seconds, duration) {
  const { start, end } = turns[at]
  const time = round(seconds)
  if (boundary === "start") return changeTurn(turns, at, { start: clamp(time, 0, end - SHORTEST) })
  return changeTurn(turns, at, { end: clamp(time, start + SHORTEST, duration) })
}

/** Moves both boundaries, as a region is dragged. */
export function moveTurn(turns, at, start, end, duration) {
  const length = Math.max(round(end - start), SHORTEST)
  const from = clamp(round(start), 0, Math.max(duration - length, 0))
  return changeTurn(turns, at, { start: from, end: Math.min(from + length, duration) })
}

/** Splits at a time, or at a caret (a place in the text), or in the middle where both are null or outside. */
export function splitTurn(turns, at, time, caret) {
  const turn = turns[at]
  const characters = [...turn.text]
  const share = shareBefore(turn, time, caret)
  const cut = caret ?? characters.slice(0, Math.round(characters.length * share)).join("").length
  const boundary = boundaryAt(turn, share)
  if (boundary !== null && turn.end - turn.start < 2 * SHORTEST) return turns
  const first = { ...turn, text: turn.text.slice(0, cut).trim(), end: boundary }
  const text = turn.text.slice(cut).trim()
  const second = { ...turn, uid: null, key: newKey(), text, translation: "", start: boundary }
  return [...turns.slice(0, at), first, second, ...turns.slice(at + 1)]
}

function shareBefore(turn, time, caret) {
  if (time !== null && time > turn.start && time < turn.end) return (time - turn.start) / (turn.end - turn.start)
  return caret !== null && turn.text.length ? clamp(caret / turn.text.length, 0.05, 0.95) : 0.5
}

function boundaryAt({ start, end }, share) {
  if (start === null) return null
  return clamp(round(start + share * (end - start)), start + SHORTEST, end - SHORTEST)
}

/** Merges a turn with the next one; its own speaker stays. */
export function mergeWithNext(turns, at) {
  const [turn, next] = [turns[at], turns[at + 1]]
  if (!next) return turns
  const merged = {
    ...turn,
    text: joinTexts(turn.text, next.text),
    translation: [turn.translation, next.translation].filter(Boolean).join(" "),
    end: turn.end === null ? null : Math.max(turn.end, next.end),
    machine: turn.machine || next.machine,
  }
  return [...turns.slice(0, at), merged, ...turns.slice(at + 2)]
}

/** Latin text is joined by a space, Chinese text by nothing. */
function joinTexts(first, second) {
  const isLatin = /[\x20-\x7e]$/.test(first) && /^[\x20-\x7e]/.test(second)
  return [first, second].filter(Boolean).join(isLatin ? " " : "")
}

/** The last turn that is left stays. */
export function removeTurn(turns, at) {
  return turns.length > 1 ? turns.filter((_, place) => place !== at) : turns
}

/** Adds a turn at a time; it ends where the next one starts if there is room. */
export function addTurn(turns, time, duration) {
  const start = Math.min(round(time), Math.max(duration - 0.5, 0))
  const next = turns.find((turn) => turn.start > start)?.start ?? duration
  const hasRoom = next - start >= SHORTEST_PAUSE
  const end = hasRoom ? Math.min(next, start + NEW_TURN) : Math.min(start + NEW_TURN_OVERLAPPING, duration)
  const turn = { uid: null, key: newKey(), speaker: null, text: "", translation: "", start, end: round(end) }
  return inOrder([...turns, { ...turn, machine: false }])
}

const newKey = () => `new-${uniqueId()}`
