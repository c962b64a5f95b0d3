// A file of JSON lines to which a line is added whole or not at all, as far as a reader can see.

import { existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";

/** Reads every whole line; a last one that a crash tore off is removed. */
export function readLines<Line>(path: string): Line[] {
  if (!existsSync(path)) return [];
  const bytes = readFileSync(path);
  const whole = bytes.lastIndexOf("\n") + 1;
  if (whole < bytes.length) truncateSync(path, whole);
  const lines = bytes.subarray(0, whole).toString("utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Line);
}

/** Opens the file for `addLine`. */
export function openLines(path: string): number {
  return openSync(path, "a");
}

/** Adds one line and returns when it is on the disk. */
export function addLine(file: number, line: unknown): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(file, bytes, written);
  }
  fsyncSync(file);
}
