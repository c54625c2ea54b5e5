// Measures email-reply-parser over the texts that BenchmarkText runs over.
// Usage: node peer.mjs <corpus directory> <directory of node_modules> <seconds>
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [corpus, modules, seconds] = process.argv.slice(2)
const require = createRequire(join(modules, 'here.js'))
const { default: Parser } = await import(pathToFileURL(require.resolve('email-reply-parser')))

const texts = JSON.parse(readFileSync(join(corpus, 'manifest.json'), 'utf8'))
  .filter((c) => c.kind === 'text' && (c.expected_file || c.asserts))
  .map((c) => readFileSync(join(corpus, c.body_file), 'utf8'))

function run(until) {
  let n = 0
  for (; ; n++) {
    // The clock is read once in a while only.
    if (n % 64 === 0 && performance.now() >= until) return n
    new Parser().read(texts[n % texts.length]).getVisibleText({ aggressive: false })
  }
}

run(performance.now() + 1000) // compiled by now
const began = performance.now()
const cpu = process.cpuUsage()
const n = run(began + 1000 * Number(seconds))
const spent = process.cpuUsage(cpu)
console.log(Math.round((1000 * n) / (performance.now() - began)), Math.round((1e6 * n) / (spent.user + spent.system)))
