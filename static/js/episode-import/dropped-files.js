// The files of a drop or of an input, with the folders that they lie in.
//   for (const { path, file } of await droppedFiles(event.dataTransfer)) …
const HIDDEN = /(^|\/)(\.|__MACOSX|Thumbs\.db$|desktop\.ini$)/

export const chosenFiles = (input) =>
  [...input.files].map((file) => ({ path: file.webkitRelativePath || file.name, file })).filter(isShown)

export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean)
  const found = await Promise.all(entries.map((entry) => filesOf(entry)))
  return found.flat().filter(isShown)
}

const isShown = ({ path }) => !HIDDEN.test(path)

async function filesOf(entry) {
  const path = entry.fullPath.replace(/^\//, "")
  if (entry.isFile) return [{ path, file: await new Promise((done, fail) => entry.file(done, fail)) }]
  const reader = entry.createReader()
  const found = []
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail)) // at most 100 at once
    if (!some.length) return found.flat()
    found.push(...(await Promise.all(some.map((each) => filesOf(each)))))
  }
}
