// Takes events by webhook: checks the signature, stores, then acknowledges with 204.
//
// The secret is told when the subscription is made, which is after the hub asked this endpoint
// whether it wants events; until the file of the secret is there, only that question is answered.
// The file may hold several secrets, one a line: the old and the new while one is rotated.

import { existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const VALIDATION = "vn.lienthong.subscription.validation.v1";

const { values: given } = parseArgs({
  options: {
    port: { type: "string", default: "8080" }, // on loopback; 0: a free one
    "secret-file": { type: "string" }, // whsec_..., one a line
    store: { type: "string" }, // JSON lines of what arrived
    gone: { type: "boolean", default: false }, // want no events any more
  },
});
if (!given.store || !given["secret-file"]) throw new Error("--store and --secret-file are needed");

// An event that is sent again has the same `webhook-id`.
const known = new Set(readWholeLines(given.store).map((line) => line.webhookId));
const store = openSync(given.store, "a");

/** Every whole line; a last one that a crash tore off is removed. */
function readWholeLines(path) {
  if (!existsSync(path)) return [];
  const bytes = readFileSync(path);
  const whole = bytes.lastIndexOf("\n") + 1;
  truncateSync(path, whole);
  const lines = bytes.subarray(0, whole).toString("utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

/** Returns when the event is on the disk. */
function keep(webhookId, event) {
  if (known.has(webhookId)) return;
  const { source, id, type, partitionkey: partitionKey, manifestday: day } = event;
  const sequence = Number(event.subscriptionsequence);
  const line = { webhookId, sequence, day, source, id, type, partitionKey, event };
  writeSync(store, `${JSON.stringify(line)}\n`);
  fsyncSync(store);
  known.add(webhookId);
}

/** The event, if a secret signed it; without any secret yet only the hub's question. */
function verified(body, headers) {
  const file = given["secret-file"];
  const secrets = existsSync(file) ? readFileSync(file, "utf8").split(/\s+/).filter(Boolean) : [];
  if (secrets.length === 0) {
    const event = JSON.parse(body.toString("utf8"));
    return event.type === VALIDATION ? event : undefined;
  }
  for (const [index, secret] of secrets.entries()) {
    try {
      return new Webhook(secret).verify(body, headers);
    } catch (error) {
      if (index === secrets.length - 1) throw error;
    }
  }
}

/** What to answer: a status, and a body if there is one. */
function answer(body, headers) {
  if (given.gone) return [410]; // the hub disables the subscription
  let event;
  try {
    event = verified(body, headers);
  } catch (error) {
    return [error instanceof WebhookVerificationError ? 401 : 400];
  }
  if (!event) return [503];
  if (event.type === VALIDATION) return [200, JSON.stringify({ challenge: event.data.challenge })];
  keep(headers["webhook-id"], event);
  return [204]; // only now: what is acknowledged is not sent again
}

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const [status, body] = answer(Buffer.concat(parts), request.headers);
    response.writeHead(status, body ? { "content-type": "application/json" } : {}).end(body);
  });
});
server.listen(Number(given.port), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
