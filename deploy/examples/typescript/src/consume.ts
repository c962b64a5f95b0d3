// Takes part in a durable subscription, whose place the hub keeps.
//
// An event is acknowledged once its line is on the disk with its sequence number. Numbers have no
// gaps; at the end the hub's manifest of every day proves that all is here, and what is not is read
// again.

import { ask, commandLine, filters, until } from "./gateway.js";
import { Event } from "./generated/lienthong/event/v1/event.js";
import type {
  ConsumeResponse,
  CreateSubscriptionRequest,
  CreateSubscriptionResponse,
  GetSubscriptionResponse,
} from "./generated/lienthong/subscription/v1/durable.js";
import { GoingAway_Why, type Delivery } from "./generated/lienthong/subscription/v1/stream.js";
import type { SubscriptionsClient } from "./generated/lienthong/subscription/v1/subscription.js";
import { addLine, openLines, readLines } from "./lines.js";
import { check, type Numbered } from "./manifest.js";

interface Stored extends Numbered {
  type: string;
  partitionKey: string;
  /** lienthong.event.v1.Event in base64. */
  event: string;
}

const given = commandLine();
const wantedLast = Number(given["until-sequence"]);
// A number stands for one event for ever, so it is the key.
const kept = new Map<number, Numbered>();
for (const stored of readLines<Stored[]>(given.store).flat()) kept.set(stored.sequence, stored);
const file = openLines(given.store);
let made = !given.create;
let done = given["check-only"];

/** All or none. What was handed out before changes nothing. Gives how many were new. */
function keep(deliveries: Delivery[]): number {
  const fresh: Stored[] = [];
  for (const delivery of deliveries) {
    const sequence = Number(delivery.sequence);
    if (kept.has(sequence) || !delivery.event?.header) continue;
    const { source, id } = delivery.event.header;
    const { day, type, partitionKey } = delivery;
    const event = Buffer.from(Event.encode(delivery.event).finish()).toString("base64");
    fresh.push({ sequence, day, source, id, type, partitionKey, event });
  }
  if (fresh.length > 0) addLine(file, fresh);
  for (const { sequence, day, source, id } of fresh) kept.set(sequence, { sequence, day, source, id });
  return fresh.length;
}

/** Whether every sequence number from 1 to the last wanted is kept. */
function hasAll(): boolean {
  if (wantedLast === 0 || kept.size < wantedLast) return false;
  for (let sequence = 1; sequence <= wantedLast; sequence++) {
    if (!kept.has(sequence)) return false;
  }
  return true;
}

/** One stream to its end. Tells whether everything wanted is kept and acknowledged. */
async function consume(client: SubscriptionsClient): Promise<boolean> {
  const stream = client.consume();
  const open = { name: given.name, consumer: given.consumer, maxInFlight: 0, heartbeatS: 5 };
  stream.on("error", () => {}); // told to the loop below; after it nobody asks
  stream.write({ message: { $case: "open", value: open } });
  try {
    for await (const { message } of stream as AsyncIterable<ConsumeResponse>) {
      if (message?.$case === "handed") {
        const { deliveries } = message.value;
        keep(deliveries);
        // Only now: what is acknowledged is not told again.
        const receipts = deliveries.map(({ sequence, attempt }) => ({ sequence, attempt }));
        const value = { done: receipts, failed: [] };
        stream.write({ message: { $case: "acknowledgements", value } });
      } else if (message?.$case === "goingAway") {
        if (message.value.why === GoingAway_Why.WHY_ENDED) {
          throw new Error("the subscription was deleted, or another has this consumer's name");
        }
        return false;
      }
      // Late, withdrawn and heartbeats need no answer: what is kept stays kept.
      if (hasAll()) return await settled(client);
    }
    return false;
  } finally {
    stream.cancel();
  }
}

/** Waits until the hub recorded the acknowledgements, or a while. */
async function settled(client: SubscriptionsClient): Promise<boolean> {
  for (let turn = 0; turn < 100; turn++) {
    const asked = { name: given.name };
    const { status } = await ask<GetSubscriptionResponse>((done) => client.getSubscription(asked, done));
    if (status && status.settledSequence >= BigInt(wantedLast)) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

/** Makes the subscription from the first event on. Made before with the same content: no error. */
async function create(client: SubscriptionsClient): Promise<void> {
  const request: CreateSubscriptionRequest = {
    subscription: {
      name: given.name,
      description: "",
      filters: filters(given.filter),
      handling: {
        maxInFlight: 0,
        ackTimeoutS: Number(given["ack-timeout"]),
        maxAttempts: 0,
        backoffMs: 0,
        maxBackoffS: 0,
        maxParkedEvents: 0,
      },
      webhook: undefined,
    },
    start: { place: { $case: "beginning", value: {} } },
  };
  await ask<CreateSubscriptionResponse>((done) => client.createSubscription(request, done));
}

let equal = false;
await until(given.gateway, async (client) => {
  if (!made) await create(client);
  made = true;
  done ||= await consume(client);
  if (done) equal = await check(client, given.name, kept, keep);
  return done;
});
process.exitCode = equal ? 0 : 1;
