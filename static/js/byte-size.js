// Bytes as a person reads them: "11.5 MB".
const UNITS = ["B", "kB", "MB", "GB", "TB"]

export function byteSize(count) {
  const unit = count < 1000 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), UNITS.length - 1)
  return `${(count / 1000 ** unit).toFixed(unit ? 1 : 0)} ${UNITS[unit]}`
}
