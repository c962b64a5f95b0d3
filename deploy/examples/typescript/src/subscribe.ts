// Follows the hub's events and keeps its own place.
//
// Events and the token that resumes after them are one line of a file, so that whenever this program
// or the hub is killed, the next start goes on with exactly what is missing. A database would do the
// same with one transaction.

import { commandLine, filters, until } from "./gateway.js";
import { Event } from "./generated/lienthong/event/v1/event.js";
import { GoingAway_Why, type Delivery, type SubscribeResponse } from "./generated/lienthong/subscription/v1/stream.js";
import type { SubscriptionsClient } from "./generated/lienthong/subscription/v1/subscription.js";
import { addLine, openLines, readLines } from "./lines.js";

interface Stored {
  source: string;
  id: string;
  type: string;
  partitionKey: string;
  /** lienthong.event.v1.Event in base64. */
  event: string;
}

interface Line {
  token: string;
  events: Stored[];
}

const given = commandLine();
const before = readLines<Line>(given.store);
let token = before.at(-1)?.token;
// What identifies an event is its source with its id.
const known = new Set(before.flatMap((line) => line.events).map((event) => identity(event)));
const file = openLines(given.store);

function identity(event: { source: string; id: string }): string {
  return `${event.source}\n${event.id}`;
}

/** Events and the place after them, together or not at all. A repeat changes nothing. */
function keep(deliveries: Delivery[], place: string): void {
  const events: Stored[] = [];
  for (const { event, type, partitionKey } of deliveries) {
    if (!event?.header) continue;
    const { source, id } = event.header;
    if (known.has(identity({ source, id }))) continue;
    known.add(identity({ source, id }));
    const bytes = Buffer.from(Event.encode(event).finish());
    events.push({ source, id, type, partitionKey, event: bytes.toString("base64") });
  }
  if (events.length === 0 && place === token) return;
  addLine(file, { token: place, events } satisfies Line);
  token = place;
}

/** One stream to its end. Tells whether everything that was asked for is kept. */
async function follow(client: SubscriptionsClient): Promise<boolean> {
  const stream: AsyncIterable<SubscribeResponse> = client.subscribe({
    // Resumes at the place kept; the first time begins with the first event there is.
    start: { place: token ? { $case: "token", value: token } : { $case: "beginning", value: {} } },
    filters: filters(given.filter),
    heartbeatS: 0,
    untilCaughtUp: given["stop-after-caught-up"],
  });
  for await (const { message } of stream) {
    switch (message?.$case) {
      case "events":
        keep(message.value.deliveries, message.value.token);
        break;
      case "checkpoint": // nothing fitted up to there
      case "caughtUp":
      case "fellBehind":
        keep([], message.value.token);
        break;
      case "goingAway":
        keep([], message.value.token);
        return message.value.why === GoingAway_Why.WHY_CAUGHT_UP;
    }
  }
  return false;
}

await until(given.gateway, follow);
console.error(`${known.size} events in ${given.store}`);
